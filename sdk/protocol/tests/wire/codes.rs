//! Error and close codes say one thing each.

use std::collections::BTreeSet;

use seqline_protocol::{ErrorCode, RelayFrame};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::samples;

#[test]
fn names_are_unique_and_are_the_wires() {
    let names: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), ErrorCode::ALL.len());
    for code in ErrorCode::ALL {
        let wire = serde_json::to_value(code).expect("a code serializes");
        assert_eq!(wire, code.as_str());
        assert_eq!(code.to_string(), code.as_str());
    }
}

#[test]
fn close_codes_are_unique_private_and_lead_back() {
    let mut seen = BTreeSet::new();
    for code in ErrorCode::ALL {
        if let Some(close) = code.close_code() {
            assert!((4000..=4999).contains(&close), "{code}: {close}");
            assert!(seen.insert(close), "{code}: {close} is taken");
            assert_eq!(ErrorCode::from_close_code(close), Some(*code));
        }
    }
    for close in 0..=u16::MAX {
        assert_eq!(
            ErrorCode::from_close_code(close).is_some(),
            seen.contains(&close)
        );
    }
}

#[test]
fn what_may_be_tried_again_ends_the_connection() {
    // So a refusal on a connection that goes on is final, and a client need not guess. Only
    // when a mute ends is known to people, not to programs.
    for code in ErrorCode::ALL.iter().filter(|code| code.is_retryable()) {
        let is_for_people = *code == ErrorCode::Muted;
        assert!(code.close_code().is_some() || is_for_people, "{code}");
    }
}

#[test]
fn every_code_is_in_the_vectors() {
    let sampled: BTreeSet<_> = samples::relay()
        .into_iter()
        .filter_map(|(_, frame)| match frame {
            RelayFrame::Error {
                code, retryable, ..
            } => {
                assert_eq!(retryable, code.is_retryable());
                Some(code)
            }
            _ => None,
        })
        .collect();
    assert_eq!(sampled, ErrorCode::ALL.iter().copied().collect());
}
