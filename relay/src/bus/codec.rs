//! Hints as text: JSON, in messages of bounded length.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Hint, NodeId};

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) from: NodeId,
    pub(super) hints: Vec<Hint>,
}

/// As many messages as it takes for each to have at most so many bytes. A hint that does not
/// fit by itself is left out: it is best effort anyway.
pub(super) fn encode(from: NodeId, hints: &[Hint], bytes_max: usize) -> Vec<String> {
    let head = format!("{{\"from\":{},\"hints\":[", from.0);
    let tail = "]}";
    let room = bytes_max.saturating_sub(head.len() + tail.len());
    let mut messages = Vec::new();
    let mut body = String::new();
    for hint in hints {
        let text = text(hint);
        if text.len() > room {
            tracing::debug!(bytes = text.len(), "a hint is too long for the bus");
            continue;
        }
        if !body.is_empty() && body.len() + 1 + text.len() > room {
            messages.push(format!("{head}{body}{tail}"));
            body.clear();
        }
        if !body.is_empty() {
            body.push(',');
        }
        body.push_str(&text);
    }
    if !body.is_empty() {
        messages.push(format!("{head}{body}{tail}"));
    }
    messages
}

/// None if it is of no relay. Of one that says more than this one understands, the rest.
pub(super) fn decode(text: &[u8]) -> Option<Message> {
    let read: Read = serde_json::from_slice(text)
        .inspect_err(|error| tracing::debug!(%error, "what came over the bus is not understood"))
        .ok()?;
    let hints = read.hints.into_iter().filter_map(|hint| match hint {
        ReadHint::Known(hint) => Some(hint),
        ReadHint::Unknown(_) => None,
    });
    Some(Message {
        from: read.from,
        hints: hints.collect(),
    })
}

#[derive(Deserialize)]
struct Read {
    from: NodeId,
    hints: Vec<ReadHint>,
}

/// While relays are upgraded one by one, some say what others do not know yet.
#[derive(Deserialize)]
#[serde(untagged)]
enum ReadHint {
    Known(Hint),
    Unknown(IgnoredAny),
}

fn text(hint: &impl Serialize) -> String {
    serde_json::to_string(hint).expect("hints have string keys and no field that fails")
}

#[cfg(test)]
mod tests {
    use seqline_protocol::{AppId, Seq, UserId};

    use super::*;
    use crate::account::Account;

    fn grown(user: &str, head: u64) -> Hint {
        Hint::Grown {
            of: Account {
                app: AppId::new("app").unwrap(),
                user: UserId::new(user).unwrap(),
            },
            head: Seq::new(head).unwrap(),
            crowds: false,
            trace: None,
        }
    }

    #[test]
    fn hints_come_back_as_they_were_in_messages_that_are_not_too_long() {
        let hints: Vec<_> = (1..=100)
            .map(|at| grown(&format!("user-{at}"), at))
            .collect();
        let messages = encode(NodeId(7), &hints, 500);
        assert!(messages.len() > 10);
        assert!(messages.iter().all(|message| message.len() <= 500));
        let decoded: Vec<_> = messages
            .iter()
            .map(|message| decode(message.as_bytes()).unwrap())
            .inspect(|message| assert_eq!(message.from, NodeId(7)))
            .flat_map(|message| message.hints)
            .collect();
        assert_eq!(decoded, hints);
    }

    #[test]
    fn one_that_cannot_fit_takes_no_other_with_it() {
        let hints = [grown("a", 1), grown(&"x".repeat(60), 2), grown("b", 3)];
        let messages = encode(NodeId(7), &hints, 120);
        let heads: Vec<_> = messages
            .iter()
            .flat_map(|message| decode(message.as_bytes()).unwrap().hints)
            .collect();
        assert_eq!(heads, [grown("a", 1), grown("b", 3)]);
    }

    #[test]
    fn what_is_no_hint_is_passed_over() {
        for text in ["", "{}", "[]", "{\"from\":1,\"hints\":{}}"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn one_that_a_newer_relay_says_takes_no_other_with_it() {
        let known = text(&grown("a", 1));
        let beat = text(&Hint::Beat);
        let hints = format!("[{known},{{\"news\":{{}}}},\"tomorrow\",{beat}]");
        let message = decode(format!("{{\"from\":1,\"hints\":{hints}}}").as_bytes());
        assert_eq!(message.unwrap().hints, [grown("a", 1), Hint::Beat]);
    }
}
