//! Messages that wait for users who are away.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    failure::Failure,
    measure::traffic::Traffic,
    progress::Progress,
    relay::{Relay, token::Scope},
};

/// Users that one call writes to.
const BATCH_USERS: usize = 1_000;

/// Who the messages are from: a user whom no client is.
const SENDER: usize = usize::MAX;

/// Writes so many messages to each of the first so many users. They are counted as those of
/// the first sender, with each user as a receiver.
///
/// # Errors
/// [`Failure`].
pub(super) async fn write(
    relay: &Relay,
    traffic: &Traffic,
    users: usize,
    messages: usize,
    payload_bytes: usize,
    progress: Progress,
) -> Result<(), Failure> {
    let users: Vec<String> = (0..users).map(|n| relay.user(n)).collect();
    let phase = progress.phase("messages for who is away", messages as u64);
    for done in 0..messages {
        let Some(mark) = traffic.begin(0, Instant::now()) else {
            break;
        };
        for some in users.chunks(BATCH_USERS) {
            let params = json!({
                "from": relay.user(SENDER),
                "users": some,
                "create": true,
                "idempotency_key": format!("waiting-{done}"),
                "body": mark.body(payload_bytes),
            });
            let method = "messages.batch";
            let answer = relay.api.call(Scope::Server, method, &params).await?;
            if let Some(error) = first_error(&answer) {
                return Err(Failure::Unsuitable(format!("{method}: {error}")));
            }
        }
        traffic.acknowledged(mark);
        phase.reached(done as u64 + 1);
    }
    Ok(())
}

fn first_error(answer: &Value) -> Option<&Value> {
    let results = answer.get("results")?.as_array()?;
    results.iter().find_map(|result| result.get("error"))
}
