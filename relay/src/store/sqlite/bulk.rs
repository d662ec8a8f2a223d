//! One statement for many rows.
//!
//! Each is prepared in a few fixed sizes, the powers of two, so that any number of rows
//! takes a handful of statements that SQLite has seen before. Twice as fast as handing over
//! a JSON text, whose parts SQLite parses again for each column.

use std::sync::{Arc, OnceLock};

use sqlx::{
    Arguments as _, AssertSqlSafe, Encode, Row as _, Sqlite, SqliteConnection, Type,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::store::rows::integer;

/// 256 rows in one statement at most.
const SIZES: usize = 9;

/// `before`, then `row` once for each row with commas between, then `after`. In `row`, `#`
/// stands for the row's index in its statement. Parameters are anonymous: `?`.
pub(super) struct Bulk {
    before: &'static str,
    row: &'static str,
    after: &'static str,
    sizes: [OnceLock<Arc<str>>; SIZES],
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
            sizes: [const { OnceLock::new() }; SIZES],
        }
    }

    /// The statements for all rows, each with its part of them.
    pub(super) fn statements<'r, T>(
        &self,
        rows: &'r [T],
    ) -> impl Iterator<Item = (Arc<str>, &'r [T])> {
        parts(rows).map(|(_, size, part)| (self.sql(size), part))
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
        for (start, size, part) in parts(rows) {
            let query = sqlx::query_with(AssertSqlSafe(self.sql(size)), bound(part, &bind));
            for row in query.fetch_all(&mut *connection).await? {
                take(start, &row)?;
            }
        }
        Ok(())
    }

    fn sql(&self, size: usize) -> Arc<str> {
        let build = || {
            let mut sql = self.before.to_owned();
            for index in 0..1_usize << size {
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

fn bound<T>(part: &[T], bind: &impl Fn(&mut Params, &T)) -> SqliteArguments {
    let mut params = Params::default();
    for row in part {
        bind(&mut params, row);
    }
    params.0
}

/// Parts whose lengths are powers of two, the largest first: where each starts, the power,
/// and its rows.
fn parts<T>(rows: &[T]) -> impl Iterator<Item = (usize, usize, &[T])> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = rows.get(start..)?;
        let size = usize::try_from(rest.len().checked_ilog2()?)
            .ok()?
            .min(SIZES - 1);
        let part = rest.get(..1 << size)?;
        let began = start;
        start += part.len();
        Some((began, size, part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_everything_in_order() {
        let rows: Vec<usize> = (0..1_023).collect();
        let mut next = 0;
        for (start, size, part) in parts(&rows) {
            assert_eq!(start, next);
            assert_eq!(part.len(), 1 << size);
            assert_eq!(part.first(), Some(&next));
            next += part.len();
        }
        assert_eq!(next, rows.len());
        assert_eq!(parts(&rows).count(), 11);
        assert_eq!(parts::<u8>(&[]).count(), 0);
    }

    #[test]
    fn a_statement_numbers_its_rows() {
        let bulk = Bulk::new("VALUES ", "(#,?)", ";");
        assert_eq!(&*bulk.sql(1), "VALUES (0,?),(1,?);");
    }
}
