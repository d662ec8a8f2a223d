use seqline_protocol::{ClientFrame, ConvSeq, ErrorCode, RelayFrame, RequestId};

use super::support::*;
use crate::{
    session::Event,
    store::{Done, Refusal},
};

#[test]
fn marks_and_recalls_are_answered_by_their_request() {
    let mut desk = Desk::open(0);
    let (one, two) = (RequestId::new(1).unwrap(), RequestId::new(2).unwrap());
    let conv_seq = ConvSeq::new(4).unwrap();
    desk.cause(ClientFrame::Read {
        req: one,
        conv: conv(),
        conv_seq,
    });
    desk.cause(ClientFrame::Recall {
        req: two,
        conv: conv(),
        conv_seq,
    });
    let done = desk.feed(Event::Committed(Ok(Ok(Done::Applied))));
    assert_eq!(done, [RelayFrame::Done { req: one }]);
    let refused = Event::Committed(Ok(Err(Refusal::RecallRefused(120))));
    let effects = desk.feed_for_effects(refused);
    assert_eq!(refusal(&effects), (ErrorCode::RecallRefused, false));
    assert!(
        matches!(frames(&effects)[..], [RelayFrame::Error { req: Some(req), .. }] if req == two)
    );
}
