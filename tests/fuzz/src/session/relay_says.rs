//! Frames such as a relay sends, with numbers that it would not.

use arbitrary::{Result, Unstructured};
use seqline_protocol::{Encoded, Encoding, RelayFrame, decode_text, encode};

/// One frame. What no relay could write goes as it is.
pub(super) fn frame(choices: &mut Unstructured<'_>) -> Result<Encoded> {
    let text = text(choices)?;
    Ok(match decode_text::<RelayFrame>(&text) {
        Ok(frame) => encode(Encoding::Binary, &frame),
        Err(_) => Encoded::Text(text),
    })
}

fn text(choices: &mut Unstructured<'_>) -> Result<String> {
    Ok(match choices.int_in_range(0..=23u8)? {
        0..=2 => welcome(choices)?,
        3 => {
            let (id, conv) = (message_id(choices)?, conv(choices)?);
            let (at, seq) = (small(choices)?, small(choices)?);
            format!(
                r#"{{"sent":{{"client_msg_id":"{id}","msg_id":{at},"conv":"{conv}","conv_seq":{at},"seq":{seq},"created_us":5}}}}"#
            )
        }
        4..=8 => {
            let (entries, of) = (entries(choices)?, of_crowd(choices)?);
            format!(r#"{{"push":{{"entries":[{entries}]{of}}}}}"#)
        }
        9 | 10 => {
            let (head, public, of) = (small(choices)?, small(choices)?, of_crowd(choices)?);
            format!(r#"{{"notify":{{"head":{head},"pub_head":{public}{of}}}}}"#)
        }
        11..=14 => {
            let (req, head, entries) = (request(choices)?, small(choices)?, entries(choices)?);
            let public = match choices.int_in_range(0..=2u8)? {
                0 => format!(r#","public":{}"#, public_page(choices)?),
                _ => String::new(),
            };
            format!(r#"{{"page":{{"req":{req},"entries":[{entries}],"head":{head}{public}}}}}"#)
        }
        15 => {
            let (req, conv) = (request(choices)?, conv(choices)?);
            let message = message(choices)?;
            format!(
                r#"{{"history":{{"req":{req},"conv":"{conv}","messages":[{message}],"more":false}}}}"#
            )
        }
        16 => {
            let req = request(choices)?;
            choose(
                choices,
                &[
                    format!(r#"{{"done":{{"req":{req}}}}}"#),
                    format!(r#"{{"conversations":{{"req":{req},"conversations":[]}}}}"#),
                    format!(r#"{{"result":{{"req":{req},"value":"{{}}"}}}}"#),
                    format!(
                        r#"{{"refreshed":{{"req":{req},"token_expires_us":1700000000000000}}}}"#
                    ),
                ],
            )?
        }
        17 => {
            let (reason, epoch) = (reset(choices)?, choices.int_in_range(0..=2u8)?);
            let (head, of) = (small(choices)?, of_crowd(choices)?);
            format!(r#"{{"reset":{{"reason":"{reason}","epoch":{epoch},"head":{head}{of}}}}}"#)
        }
        18 => {
            let reason = choose(choices, &["replaced", "device_policy", "session_ended"])?;
            format!(r#"{{"kick":{{"reason":"{reason}","message":"bye"}}}}"#)
        }
        19 => {
            let (after, window): (u16, u16) = (choices.arbitrary()?, choices.arbitrary()?);
            format!(r#"{{"goaway":{{"after_ms":{after},"window_ms":{window}}}}}"#)
        }
        20 => {
            let nonce = small(choices)?;
            format!(r#"{{"pong":{{"nonce":{nonce},"now_us":1700000000000000}}}}"#)
        }
        21 => error(choices)?,
        22 => r#"{"event":{"name":"presence","value":"{\"users\":[]}"}}"#.to_owned(),
        _ => {
            let conv = conv(choices)?;
            format!(
                r#"{{"ephemeral":{{"conv":"{conv}","sender":"bob","kind":"typing","body":"1"}}}}"#
            )
        }
    })
}

fn welcome(choices: &mut Unstructured<'_>) -> Result<String> {
    let (epoch, head, cursor) = (
        choices.int_in_range(0..=2u8)?,
        small(choices)?,
        small(choices)?,
    );
    let reset = match choices.ratio(1, 6)? {
        true => format!(r#","reset":"{}""#, reset(choices)?),
        false => String::new(),
    };
    let crowds = match choices.ratio(1, 3)? {
        true => {
            let (after, floor, head) = (small(choices)?, small(choices)?, small(choices)?);
            format!(
                r#","crowds":[{{"conv":"group:crowd","after":{after},"floor":{floor},"head":{head}}}]"#
            )
        }
        false => String::new(),
    };
    let (public, view) = (small(choices)?, choices.int_in_range(0..=1u8)?);
    let window = choose(choices, &[0, 1, 64, 65_535])?;
    let interval = choose(choices, &[0, 1, 25_000, u32::MAX])?;
    Ok(format!(
        r#"{{"welcome":{{"version":1,"session":"s","app":"demo","user":"alice","epoch":{epoch},
        "head":{head},"cursor":{cursor}{reset},"pub_head":{public},"pub_view":"v{view}",
        "now_us":1700000000000000,"token_expires_us":1700000100000000,
        "heartbeat":{{"interval_ms":{interval},"background_interval_ms":55000}},
        "limits":{{"frame_bytes_max":65536,"body_bytes_max":32768,"page_entries_max":200,
        "send_window":{window}}}{crowds}}}}}"#
    ))
}

fn error(choices: &mut Unstructured<'_>) -> Result<String> {
    let codes = [
        "token_expired",
        "token_invalid",
        "rate_limited",
        "internal",
        "overloaded",
        "conflict",
        "not_allowed",
        "frame_malformed",
        "version_unsupported",
    ];
    let (code, id) = (choose(choices, &codes)?, message_id(choices)?);
    let (req, is_retryable) = (request(choices)?, choices.arbitrary::<bool>()?);
    let about = choose(
        choices,
        &[
            String::new(),
            format!(r#","req":{req}"#),
            format!(r#","client_msg_id":"{id}""#),
            r#","retry_after_ms":4294967295"#.to_owned(),
        ],
    )?;
    Ok(format!(
        r#"{{"error":{{"code":"{code}","message":"no","retryable":{is_retryable}{about}}}}}"#
    ))
}

/// Some from one place on, as a rule without a hole.
fn entries(choices: &mut Unstructured<'_>) -> Result<String> {
    let first = choices.int_in_range(0..=40u64)?;
    let mut entries = Vec::new();
    for index in 0..choices.int_in_range(0..=12u64)? {
        let seq = match choices.ratio(1, 24)? {
            true => number(choices)?,
            false => first + index,
        };
        let item = item(choices, seq)?;
        entries.push(format!(r#"{{"seq":{seq},"item":{item}}}"#));
    }
    Ok(entries.join(","))
}

fn item(choices: &mut Unstructured<'_>, seq: u64) -> Result<String> {
    let conv = conv(choices)?;
    Ok(match choices.int_in_range(0..=15u8)? {
        0 => format!(
            r#"{{"receipt":{{"conv":"{conv}","user":"bob","delivered":{seq},"read":{seq}}}}}"#
        ),
        1 => format!(r#"{{"read":{{"conv":"{conv}","conv_seq":{seq}}}}}"#),
        2 => format!(
            r#"{{"recall":{{"conv":"{conv}","conv_seq":{seq},"msg_id":{seq},"by":"bob"}}}}"#
        ),
        3 => format!(r#"{{"delete":{{"conv":"{conv}","conv_seq":{seq}}}}}"#),
        4 => {
            let after = small(choices)?;
            format!(r#"{{"crowd":{{"conv":"group:crowd","after":{after}}}}}"#)
        }
        5 => r#"{"crowd":{"conv":"group:crowd"}}"#.to_owned(),
        6 => format!(r#"{{"seen":{{"broadcast":{}}}}}"#, small(choices)?),
        7 => format!(r#"{{"edit":{}}}"#, message(choices)?),
        _ => format!(r#"{{"message":{}}}"#, message(choices)?),
    })
}

fn message(choices: &mut Unstructured<'_>) -> Result<String> {
    let (id, conv) = (message_id(choices)?, conv(choices)?);
    let (at, sender) = (small(choices)?, choose(choices, &["alice", "bob"])?);
    Ok(format!(
        r#"{{"msg_id":{at},"client_msg_id":"{id}","sender":"{sender}","conv":"{conv}","conv_seq":{at},"kind":"text","body":"hi","created_us":5}}"#
    ))
}

fn public_page(choices: &mut Unstructured<'_>) -> Result<String> {
    let (cursor, head) = (small(choices)?, small(choices)?);
    let view = choices.int_in_range(0..=1u8)?;
    let news = match choices.int_in_range(0..=2u8)? {
        0 => String::new(),
        1 => format!(r#","news":{{"held":[{}],"changes":[]}}"#, small(choices)?),
        _ => {
            let (at, id) = (small(choices)?, small(choices)?);
            format!(r#","news":{{"changes":[{{"pub_seq":{at},"id":{id}}}]}}"#)
        }
    };
    Ok(format!(
        r#"{{"cursor":{cursor},"head":{head},"view":"v{view}"{news}}}"#
    ))
}

fn of_crowd(choices: &mut Unstructured<'_>) -> Result<&'static str> {
    Ok(match choices.ratio(1, 4)? {
        true => r#","conv":"group:crowd""#,
        false => "",
    })
}

fn reset(choices: &mut Unstructured<'_>) -> Result<&'static str> {
    choose(choices, &["epoch_changed", "below_floor", "ahead_of_head"])
}

/// Requests are numbered from 1.
fn request(choices: &mut Unstructured<'_>) -> Result<u64> {
    match choices.ratio(1, 16)? {
        true => number(choices),
        false => choices.int_in_range(1..=30),
    }
}

fn small(choices: &mut Unstructured<'_>) -> Result<u64> {
    match choices.ratio(1, 24)? {
        true => number(choices),
        false => choices.int_in_range(0..=40),
    }
}

/// Up to the largest that the wire has, and beyond.
fn number(choices: &mut Unstructured<'_>) -> Result<u64> {
    choose(
        choices,
        &[0, 1, 300, 5_000, (1 << 53) - 2, (1 << 53) - 1, 1 << 53],
    )
}

fn conv(choices: &mut Unstructured<'_>) -> Result<&'static str> {
    choose(choices, &["dm:alice:bob", "group:team", "group:crowd"])
}

fn message_id(choices: &mut Unstructured<'_>) -> Result<String> {
    Ok(format!("m-{}", choices.int_in_range(0..=15u8)?))
}

fn choose<T: Clone>(choices: &mut Unstructured<'_>, from: &[T]) -> Result<T> {
    choices.choose(from).cloned()
}
