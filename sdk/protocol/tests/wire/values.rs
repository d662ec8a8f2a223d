//! Ids, kinds and numbers at their edges.

use seqline_protocol::{
    ClientMsgId, ConvId, ConvKind, DeviceId, IdError, Kind, NumberError, Seq, UserId,
    limits::{CONV_ID_BYTES_MAX, ID_BYTES_MAX, KIND_BYTES_MAX, SAFE_INTEGER_MAX},
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::samples::name;

#[test]
fn a_name_has_1_to_64_of_its_characters() {
    let longest = "x".repeat(ID_BYTES_MAX);
    for good in ["a", "0", ".", "azAZ09._-@+=~", longest.as_str()] {
        assert_eq!(
            UserId::new(good).map(|id| id.to_string()),
            Ok(good.to_owned())
        );
        assert!(DeviceId::new(good).is_ok() && ClientMsgId::new(good).is_ok());
    }
    assert_eq!(UserId::new(""), Err(IdError::Empty));
    let too_long = IdError::TooLong {
        max: ID_BYTES_MAX,
        got: ID_BYTES_MAX + 1,
    };
    assert_eq!(UserId::new("x".repeat(ID_BYTES_MAX + 1)), Err(too_long));
}

#[test]
fn no_other_ascii_character_is_in_a_name() {
    let allowed = "._-@+=~";
    for c in (0..=0x7f_u8).map(char::from) {
        let is_allowed = c.is_ascii_alphanumeric() || allowed.contains(c);
        assert_eq!(UserId::new(format!("a{c}")).is_ok(), is_allowed, "{c:?}");
    }
    assert_eq!(UserId::new("é"), Err(IdError::Character('é')));
    assert_eq!(UserId::new("李"), Err(IdError::Character('李')));
}

#[test]
fn a_conversation_id_has_one_of_four_forms() {
    let longest = format!(
        "dm:{}:{}",
        "a".repeat(ID_BYTES_MAX),
        "b".repeat(ID_BYTES_MAX)
    );
    for (good, kind) in [
        ("dm:alice:bob", ConvKind::Direct),
        ("dm:alice:alice", ConvKind::Direct),
        (longest.as_str(), ConvKind::Direct),
        ("group:g", ConvKind::Group),
        ("channel:news", ConvKind::Channel),
        ("room:stage-1", ConvKind::Room),
    ] {
        assert_eq!(
            ConvId::new(good).map(|conv| conv.kind()),
            Ok(kind),
            "{good}"
        );
    }
    for bad in [
        "",
        ":",
        "alice",
        "dm:",
        "dm:alice",
        "dm::bob",
        "dm:alice:",
        "dm:bob:alice",
        "dm:alice:bob:carol",
        "DM:alice:bob",
        "group:",
        "group:a:b",
        "group:a b",
        "team:a",
    ] {
        assert!(ConvId::new(bad).is_err(), "{bad}");
    }
    let too_long = format!("group:{}", "x".repeat(CONV_ID_BYTES_MAX));
    assert!(matches!(
        ConvId::new(too_long),
        Err(IdError::TooLong { .. })
    ));
}

#[test]
fn users_of_a_direct_conversation_stand_in_byte_order() {
    let (upper, lower): (UserId, UserId) = (name("Zoe"), name("alice"));
    let conv = ConvId::direct(&lower, &upper);
    assert_eq!(conv.as_str(), "dm:Zoe:alice");
    assert_eq!(conv, ConvId::direct(&upper, &lower));
    assert_eq!(conv.users(), Some((upper.clone(), lower.clone())));
    assert_eq!(conv.peer_of(&lower), Some(upper.clone()));
    assert_eq!(conv.peer_of(&name("bob")), None);
    let notes = ConvId::direct(&lower, &lower);
    assert_eq!(notes.peer_of(&lower), Some(lower));
    assert_eq!(name::<ConvId>("group:Zoe").peer_of(&upper), None);
}

#[test]
fn a_kind_has_1_to_32_of_its_characters() {
    let longest = "k".repeat(KIND_BYTES_MAX);
    for good in ["text", "a", "0", "app.card-v2_x", longest.as_str()] {
        assert_eq!(
            Kind::new(good).map(|kind| kind.as_str().to_owned()),
            Some(good.to_owned())
        );
    }
    let too_long = "k".repeat(KIND_BYTES_MAX + 1);
    for bad in ["", "Text", "a b", "a/b", "é", too_long.as_str()] {
        assert_eq!(Kind::new(bad), None, "{bad:?}");
    }
}

#[test]
fn numbers_end_at_the_largest_safe_integer() {
    assert_eq!(SAFE_INTEGER_MAX, 9_007_199_254_740_991);
    let largest = Seq::new(SAFE_INTEGER_MAX).expect("the largest");
    let beyond = SAFE_INTEGER_MAX + 1;
    assert_eq!(Seq::new(beyond), Err(NumberError(beyond)));
    assert_eq!(Seq::saturating(u64::MAX), largest);
    assert_eq!(largest.next(), largest);
    assert_eq!(largest.previous().next(), largest);
    assert_eq!(Seq::ZERO.previous(), Seq::ZERO);
    assert_eq!(Seq::ZERO.next().get(), 1);
}
