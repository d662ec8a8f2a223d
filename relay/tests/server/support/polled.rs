//! A client that polls, and says exactly what a test tells it to. It speaks JSON.

use seqline_protocol::{
    ClientFrame, Encoded, Encoding, Payload, PollAnswer, PollRequest, RelayFrame, Secret, Welcome,
    decode, decode_poll, encode, encode_poll,
};

use super::{Client, Relay, Reply, request};

pub(crate) struct Polled<'a> {
    relay: &'a Relay,
    pub(crate) encoding: Encoding,
    pub(crate) connection: String,
    sent: u32,
    received: u32,
    frames: std::collections::VecDeque<RelayFrame>,
    close: Option<u16>,
}

/// A request word for word.
pub(crate) async fn poll(relay: &Relay, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let reply = request(relay.running.address(), "POST", "/v1/poll", headers, body).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    reply
}

impl<'a> Polled<'a> {
    /// A connection on which nothing was said yet.
    pub(crate) async fn dial(relay: &'a Relay, encoding: Encoding) -> Self {
        let mut polled = Self {
            relay,
            encoding,
            connection: String::new(),
            sent: 0,
            received: 0,
            frames: std::collections::VecDeque::new(),
            close: None,
        };
        let opened = polled.ok(&PollRequest::default()).await;
        assert_eq!(opened.wait_ms, Some(25_000));
        polled.connection = opened.connection.unwrap().expose().to_owned();
        assert_eq!(polled.connection.len(), 32, "128 bits");
        polled
    }

    /// An open session of a device that starts with the oldest entry.
    pub(crate) async fn open(relay: &'a Relay, user: &str, device: &str) -> (Self, Welcome) {
        let mut polled = Self::dial(relay, Encoding::Text).await;
        let welcome = polled.hello(user, device).await;
        (polled, welcome)
    }

    pub(crate) async fn hello(&mut self, user: &str, device: &str) -> Welcome {
        let hello = Client::hello_of(&self.relay.token(user), device, None);
        self.say(&[ClientFrame::Hello(hello)]).await;
        match self.next().await {
            RelayFrame::Welcome(welcome) => welcome,
            other => panic!("not welcome: {other:?}"),
        }
    }

    /// A request, in this connection's name if it has one.
    pub(crate) async fn ask(&self, request: &PollRequest) -> Reply {
        let mut request = request.clone();
        if !self.connection.is_empty() {
            request.connection = Some(Secret::new(self.connection.as_str()));
        }
        let content_type = match self.encoding {
            Encoding::Text => "application/json",
            Encoding::Binary => "application/cbor",
        };
        let body = encode_poll(self.encoding, &request);
        let headers = [("content-type", content_type)];
        let reply = poll(self.relay, &headers, body.as_bytes()).await;
        if reply.status == 200 {
            assert_eq!(reply.header("content-type"), content_type);
        }
        reply
    }

    pub(crate) async fn ok(&self, request: &PollRequest) -> PollAnswer {
        let reply = self.ask(request).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        decode_poll(self.encoding, &reply.body).unwrap()
    }

    pub(crate) async fn say(&mut self, frames: &[ClientFrame]) {
        self.sent += 1;
        let request = self.saying(self.sent, frames);
        assert_eq!(self.ok(&request).await, PollAnswer::default());
    }

    /// What sends frames under a number.
    pub(crate) fn saying(&self, number: u32, frames: &[ClientFrame]) -> PollRequest {
        let payload = |frame| match encode(self.encoding, frame) {
            Encoded::Text(text) => Payload(text.into_bytes()),
            Encoded::Binary(bytes) => Payload(bytes),
        };
        PollRequest {
            send: Some(number),
            frames: frames.iter().map(payload).collect(),
            ..PollRequest::default()
        }
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> RelayFrame {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return frame;
            }
            assert_eq!(self.close, None, "closed");
            self.fetch().await;
        }
    }

    /// The code that the relay closes with. Frames before it are passed over.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match self.close {
                Some(code) => return code,
                None => self.fetch().await,
            }
        }
    }

    async fn fetch(&mut self) {
        self.received += 1;
        let receive = PollRequest {
            receive: Some(self.received),
            ..PollRequest::default()
        };
        let answer = self.ok(&receive).await;
        let frames = answer.frames.iter();
        self.frames
            .extend(frames.map(|Payload(bytes)| decode(self.encoding, bytes).unwrap()));
        self.close = answer.close;
    }
}
