//! One statement for many rows.
//!
//! Each is prepared in a few fixed sizes, and a part that is smaller is filled up with rows
//! of nulls, which the statement passes over: so any number of rows takes one statement
//! that SQLite has seen before, or a few. Twice as fast as handing over a JSON text, whose
//! parts SQLite parses again for each column.

use std::sync::{Arc, OnceLock};

use sqlx::{
    Arguments as _, AssertSqlSafe, Encode, Row as _, Sqlite, SqliteConnection, Type,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::store::rows::integer;

/// Rows of one statement: no more than a third are nulls.
const SIZES: [usize; 20] = [
    1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024,
];

/// `before`, then `row` once for each row with commas between, then `after`. In `row`, `#`
/// stands for the row's index in its statement. Parameters are anonymous: `?`. The statement
/// has to do nothing for a row of nulls.
pub(super) struct Bulk {
    before: &'static str,
    row: &'static str,
    after: &'static str,
    sizes: [OnceLock<Arc<str>>; SIZES.len()],
}

/// The parameters of one statement.
#[derive(Default)]
pub(super) struct Params(SqliteArguments);

impl Params {
    /// The next parameter. What we bind is integers and texts, which always encode.
    pub(super) fn add<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        self.0.add(value).expect("integers and texts encode");
        self
    }

    pub(super) fn into_arguments(self) -> SqliteArguments {
        self.0
    }

    /// The next parameter: a number of ours, none of which is beyond SQLite's.
    pub(super) fn count(&mut self, value: u64) -> &mut Self {
        self.add(integer(value))
    }
}

impl Bulk {
    pub(super) const fn new(before: &'static str, row: &'static str, after: &'static str) -> Self {
        Self {
            before,
            row,
            after,
            sizes: [const { OnceLock::new() }; SIZES.len()],
        }
    }

    /// The statements for all rows: each with how many of them are its own, and its
    /// parameters, which `bind` adds to the others.
    pub(super) fn statements<'r, T>(
        &self,
        rows: &'r [T],
    ) -> impl Iterator<Item = (Arc<str>, Part<'r, T>)> {
        parts(rows).map(|part| (self.sql(part.size), part))
    }

    /// Adds the parameters of a part.
    pub(super) fn bind<T>(
        &self,
        params: &mut Params,
        part: &Part<'_, T>,
        bind: &impl Fn(&mut Params, &T),
    ) {
        for row in part.rows {
            bind(params, row);
        }
        let columns = self.row.matches('?').count();
        let size = SIZES.get(part.size).copied().unwrap_or(part.rows.len());
        for _ in 0..(size - part.rows.len()) * columns {
            params.add(None::<i64>);
        }
    }

    /// Runs it for all rows.
    pub(super) async fn execute<T: Sync>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut Params, &T) + Send + Sync,
    ) -> Result<(), sqlx::Error> {
        self.fetch(connection, rows, bind, |_| Ok(())).await
    }

    /// Runs it for all rows, and hands each row of the answer to `take`.
    pub(super) async fn fetch<T: Sync>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut Params, &T) + Send + Sync,
        mut take: impl FnMut(&SqliteRow) -> Result<(), sqlx::Error> + Send,
    ) -> Result<(), sqlx::Error> {
        self.fetch_indexed(connection, rows, bind, |_, row| take(row))
            .await
    }

    /// The same, where the first column of the answer is the index `#` of the wanted row:
    /// `take` gets it as an index into `rows`.
    pub(super) async fn fetch_by_index<T: Sync>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut Params, &T) + Send + Sync,
        mut take: impl FnMut(usize, &SqliteRow) -> Result<(), sqlx::Error> + Send,
    ) -> Result<(), sqlx::Error> {
        self.fetch_indexed(connection, rows, bind, |start, row| {
            let index = usize::try_from(row.try_get::<i64, _>(0)?)
                .map_err(|error| sqlx::Error::Decode(error.into()))?;
            take(start + index, row)
        })
        .await
    }

    async fn fetch_indexed<T: Sync>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut Params, &T) + Send + Sync,
        mut take: impl FnMut(usize, &SqliteRow) -> Result<(), sqlx::Error> + Send,
    ) -> Result<(), sqlx::Error> {
        for part in parts(rows) {
            let mut params = Params::default();
            self.bind(&mut params, &part, &bind);
            let sql = AssertSqlSafe(self.sql(part.size));
            let query = sqlx::query_with(sql, params.into_arguments());
            for row in query.fetch_all(&mut *connection).await? {
                take(part.start, &row)?;
            }
        }
        Ok(())
    }

    fn sql(&self, size: usize) -> Arc<str> {
        let build = || {
            let mut sql = self.before.to_owned();
            for index in 0..SIZES.get(size).copied().unwrap_or_default() {
                if index > 0 {
                    sql.push(',');
                }
                sql.push_str(&self.row.replace('#', &index.to_string()));
            }
            sql.push_str(self.after);
            Arc::from(sql)
        };
        match self.sizes.get(size) {
            Some(sql) => Arc::clone(sql.get_or_init(build)),
            None => build(),
        }
    }
}

/// Rows that one statement is for.
pub(super) struct Part<'r, T> {
    /// Where it begins.
    start: usize,
    /// Index of the statement's size.
    size: usize,
    pub(super) rows: &'r [T],
}

/// All rows, in parts of the largest size, and one for the rest.
fn parts<T>(rows: &[T]) -> impl Iterator<Item = Part<'_, T>> {
    let largest = SIZES.len() - 1;
    let length = SIZES.get(largest).copied().unwrap_or(1);
    rows.chunks(length)
        .enumerate()
        .map(move |(index, rows)| Part {
            start: index * length,
            size: SIZES.partition_point(|size| *size < rows.len()),
            rows,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_everything_in_order() {
        let rows: Vec<usize> = (0..2_500).collect();
        let mut next = 0;
        for part in parts(&rows) {
            assert_eq!(part.start, next);
            assert_eq!(part.rows.first(), Some(&next));
            assert!(SIZES.get(part.size) >= Some(&part.rows.len()));
            next += part.rows.len();
        }
        assert_eq!(next, rows.len());
        assert_eq!(parts(&rows).count(), 3);
        assert_eq!(parts::<u8>(&[]).count(), 0);
    }

    #[test]
    fn a_statement_numbers_its_rows() {
        let bulk = Bulk::new("VALUES ", "(#,?)", ";");
        assert_eq!(&*bulk.sql(1), "VALUES (0,?),(1,?);");
    }
}
