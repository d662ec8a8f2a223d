//! What a commit writes, gathered, and run at once.
//!
//! Each time that something is handed to the connection's thread costs two wake-ups, and on a
//! busy machine two turns of waiting for a processor. So the statements of a commit go over
//! together, with the transaction around them. As each comes in few sizes, so do they.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Either, Executor as _, SqliteConnection};

use super::{
    bulk::{Bulk, Params},
    rows::inconsistent,
};

/// The statements of a commit of so many rows are run at once. What larger ones cost is
/// their rows.
const JOINED_ROWS_MAX: usize = 8 * 1024;

/// Statements in their order.
#[derive(Default)]
pub(super) struct Script {
    steps: Vec<Step>,
    rows: usize,
}

/// Statements that are handed over together.
#[derive(Default)]
struct Step {
    statements: Vec<Statement>,
    params: Params,
}

struct Statement {
    sql: Arc<str>,
    /// How many rows it must change, where that is known.
    rows: Option<u64>,
}

impl Script {
    /// A statement for each part of the rows, every one of which changes a row.
    pub(super) fn push<T>(&mut self, bulk: &Bulk, rows: &[T], bind: impl Fn(&mut Params, &T)) {
        self.push_parts(bulk, rows, &bind, true);
    }

    /// The same where rows may be there already, or be gone.
    pub(super) fn push_any<T>(&mut self, bulk: &Bulk, rows: &[T], bind: impl Fn(&mut Params, &T)) {
        self.push_parts(bulk, rows, &bind, false);
    }

    fn push_parts<T>(
        &mut self,
        bulk: &Bulk,
        rows: &[T],
        bind: &impl Fn(&mut Params, &T),
        is_exact: bool,
    ) {
        self.rows += rows.len();
        for (sql, part) in bulk.statements(rows) {
            let step = self.step();
            step.statements.push(Statement {
                sql,
                rows: is_exact.then_some(part.rows.len() as u64),
            });
            bulk.bind(&mut step.params, &part, bind);
        }
    }

    /// The one to add to: the same for all of a small script.
    fn step(&mut self) -> &mut Step {
        if self.rows > JOINED_ROWS_MAX || self.steps.is_empty() {
            self.steps.push(Step::default());
        }
        self.steps
            .last_mut()
            .expect("one was pushed if there was none")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Runs everything, and commits. The transaction has begun, or begins here.
    pub(super) async fn commit(
        mut self,
        connection: &mut SqliteConnection,
        has_begun: bool,
    ) -> Result<(), sqlx::Error> {
        self.step().statements.push(Statement::plain("COMMIT"));
        if !has_begun {
            let is_small = self.rows <= JOINED_ROWS_MAX;
            match self.steps.first_mut().filter(|_| is_small) {
                Some(first) => first
                    .statements
                    .insert(0, Statement::plain("BEGIN IMMEDIATE")),
                None => Step::plain("BEGIN IMMEDIATE").run(connection).await?,
            }
        }
        for step in self.steps {
            step.run(connection).await?;
        }
        Ok(())
    }
}

impl Step {
    fn plain(sql: &str) -> Self {
        Self {
            statements: vec![Statement::plain(sql)],
            params: Params::default(),
        }
    }

    async fn run(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let sql = joined(&self.statements);
        let query = sqlx::query_with(AssertSqlSafe(sql), self.params.into_arguments());
        let mut results = connection.fetch_many(query);
        let mut expected = self.statements.iter().map(|statement| statement.rows);
        while let Some(result) = results.try_next().await? {
            let Either::Left(result) = result else {
                continue;
            };
            let rows = expected.next().ok_or_else(inconsistent)?;
            if rows.is_some_and(|rows| rows != result.rows_affected()) {
                return Err(inconsistent());
            }
        }
        Ok(())
    }
}

impl Statement {
    fn plain(sql: &str) -> Self {
        Self {
            sql: Arc::from(sql),
            rows: None,
        }
    }
}

fn joined(statements: &[Statement]) -> Arc<str> {
    match statements {
        [one] => Arc::clone(&one.sql),
        all => {
            let texts: Vec<&str> = all.iter().map(|one| &*one.sql).collect();
            Arc::from(texts.join(";"))
        }
    }
}
