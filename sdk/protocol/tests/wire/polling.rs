//! What goes over HTTP around frames.

use seqline_protocol::{
    DecodeError, Encoding, Payload, PollAnswer, PollRequest, Secret, decode_poll, encode_poll,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn bytes(encoding: Encoding, request: &PollRequest) -> Vec<u8> {
    encode_poll(encoding, request).as_bytes().to_vec()
}

#[test]
fn a_frame_is_a_text_in_json_and_bytes_in_cbor() {
    let request = PollRequest {
        connection: Some(Secret::new("c")),
        send: Some(3),
        frames: vec![Payload(b"{\"ping\":{\"nonce\":9}}".to_vec())],
        ..PollRequest::default()
    };
    let json = br#"{"connection":"c","send":3,"frames":["{\"ping\":{\"nonce\":9}}"]}"#;
    assert_eq!(bytes(Encoding::Text, &request), json);
    let cbor = b"\xa3\x6aconnection\x61c\x64send\x03\x66frames\x81\x54{\"ping\":{\"nonce\":9}}";
    assert_eq!(bytes(Encoding::Binary, &request), cbor);
    for (encoding, body) in [(Encoding::Text, &json[..]), (Encoding::Binary, cbor)] {
        assert_eq!(decode_poll(encoding, body), Ok(request.clone()));
    }
    let any = Payload((0..=255).collect());
    let request = PollRequest {
        frames: vec![any, Payload(Vec::new())],
        ..PollRequest::default()
    };
    let again = decode_poll(Encoding::Binary, &bytes(Encoding::Binary, &request));
    assert_eq!(again, Ok(request));
}

#[test]
fn what_is_left_out_is_not_written_and_what_is_not_known_is_ignored() {
    for encoding in [Encoding::Text, Encoding::Binary] {
        let empty = encode_poll(encoding, &PollAnswer::default());
        assert!(empty.as_bytes().len() <= 2);
    }
    let later = br#"{"receive":1,"later":[{"x":null}],"wait_ms":null}"#;
    let request: PollRequest = decode_poll(Encoding::Text, later).unwrap();
    assert_eq!((request.receive, request.wait_ms), (Some(1), None));
}

#[test]
fn what_is_no_map_is_malformed_and_a_wrong_field_is_told_apart() {
    for (encoding, body) in [
        (Encoding::Text, &b""[..]),
        (Encoding::Text, b"[]"),
        (Encoding::Text, b"{\"send\":1"),
        (Encoding::Text, b"\xff"),
        (Encoding::Binary, b""),
        (Encoding::Binary, b"\x80"),
        (Encoding::Binary, b"\xa1\x64send"),
        (Encoding::Binary, b"\xa0\xa0"),
    ] {
        let error = decode_poll::<PollRequest>(encoding, body).unwrap_err();
        assert!(
            matches!(error, DecodeError::Malformed(_)),
            "{body:?}: {error}"
        );
    }
    for (encoding, body) in [
        (Encoding::Text, &b"{\"send\":-1}"[..]),
        (Encoding::Text, b"{\"send\":4294967296}"),
        (Encoding::Text, b"{\"frames\":[{}]}"),
        (Encoding::Binary, b"\xa1\x64send\x61x"),
        (Encoding::Binary, b"\xa1\x66frames\x81\x61x"),
    ] {
        let error = decode_poll::<PollRequest>(encoding, body).unwrap_err();
        assert!(
            matches!(error, DecodeError::Field { .. }),
            "{body:?}: {error}"
        );
    }
}
