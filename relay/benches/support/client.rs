//! A WebSocket client that does no more than it must: frames are written many at a time,
//! masked with zeroes, and read without being decoded where their head says enough.

use std::ops::Range;

use seqline_protocol::{
    ClientFrame, ClientMsgId, ConvId, DeviceId, Encoded, Encoding, Hello, Kind, Priority,
    RelayFrame, RequestId, Secret, Send, Seq, Start, Target, VERSION, Welcome, decode_binary,
    encode,
};
use seqline_relay::auth::Scope;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::relay::Relay;

/// An open session.
pub struct Client {
    pub reader: Reader,
    pub writer: OwnedWriteHalf,
    pub welcome: Welcome,
}

pub struct Reader {
    half: OwnedReadHalf,
    buffer: Vec<u8>,
    /// What was already looked at.
    at: usize,
}

impl Client {
    pub async fn open(relay: &Relay, user: &str) -> Self {
        let stream = TcpStream::connect(relay.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (half, mut writer) = stream.into_split();
        let upgrade = format!(
            "GET /v1/socket HTTP/1.1\r\nhost: {}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            relay.address
        );
        writer.write_all(upgrade.as_bytes()).await.unwrap();
        let mut reader = Reader {
            half,
            buffer: Vec::with_capacity(64 * 1024),
            at: 0,
        };
        reader.skip_http().await;
        let hello = ClientFrame::Hello(Hello {
            version: VERSION,
            token: Secret::new(relay.token(user, Scope::User)),
            device: DeviceId::new("bench").unwrap(),
            host: "bench".to_owned(),
            platform: None,
            app_version: None,
            resume: None,
            start: Start::Newest,
            background: false,
        });
        let mut frame = Vec::new();
        put_frame(&mut frame, &payload(&hello));
        writer.write_all(&frame).await.unwrap();
        loop {
            if let Some(payload) = reader.frame()
                && let Ok(RelayFrame::Welcome(welcome)) = decode_binary(payload)
            {
                return Self {
                    reader,
                    writer,
                    welcome,
                };
            }
            reader.fill().await;
        }
    }
}

/// Connections that are made at a time.
const CONNECTING: usize = 64;

/// An open session of each user of these numbers.
pub async fn connect(relay: &Relay, users: Range<usize>) -> Vec<Client> {
    let mut clients = Vec::new();
    while clients.len() < users.len() {
        let first = users.start + clients.len();
        let next = (first..users.end.min(first + CONNECTING))
            .map(|number| async move { Client::open(relay, &format!("user-{number:05}")).await });
        clients.extend(futures_util::future::join_all(next).await);
        if clients.len() % 4096 < CONNECTING {
            eprintln!("{} connected", users.start + clients.len());
        }
    }
    clients
}

impl Reader {
    /// Reads what there is, one byte at least.
    pub async fn fill(&mut self) {
        self.buffer.drain(..self.at);
        self.at = 0;
        let count = self.half.read_buf(&mut self.buffer).await.unwrap();
        assert!(count > 0, "the relay closed the connection");
    }

    /// Gives back the memory that large frames took.
    pub fn shrink(&mut self) {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.shrink_to_fit();
    }

    /// The next whole frame's payload, if it was read.
    pub fn frame(&mut self) -> Option<&[u8]> {
        let rest = &self.buffer[self.at..];
        let (head, length) = match rest {
            [_, 126, a, b, ..] => (4, usize::from(u16::from_be_bytes([*a, *b]))),
            [_, 127, _, _, _, _, a, b, c, d, ..] => {
                (10, u32::from_be_bytes([*a, *b, *c, *d]) as usize)
            }
            [_, length, ..] if *length < 126 => (2, usize::from(*length)),
            _ => return None,
        };
        assert_ne!(rest[0], 0x88, "the relay closed: {rest:?}");
        let end = head + length;
        if rest.len() < end {
            return None;
        }
        let start = self.at + head;
        self.at += end;
        Some(&self.buffer[start..start + length])
    }

    async fn skip_http(&mut self) {
        loop {
            self.fill().await;
            if let Some(end) = self.buffer.windows(4).position(|at| at == b"\r\n\r\n") {
                assert!(self.buffer.starts_with(b"HTTP/1.1 101"));
                self.at = end + 4;
                return;
            }
        }
    }
}

/// What a frame of the relay says, as far as its first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    Sent,
    /// With so many entries.
    Push(u64),
    /// The same of a large conversation's timeline.
    CrowdPush(u64),
    Notify,
    Other,
}

/// A CBOR map of one key, the frame's name.
pub fn head(payload: &[u8]) -> Head {
    match payload {
        [0xa1, 0x64, b's', b'e', b'n', b't', ..] => Head::Sent,
        [0xa1, 0x64, b'p', b'u', b's', b'h', rest @ ..] => push(rest),
        [0xa1, 0x66, b'n', b'o', b't', b'i', b'f', b'y', ..] => Head::Notify,
        _ => Head::Other,
    }
}

/// Its map has one key, the entries, and of a large conversation another one.
fn push(body: &[u8]) -> Head {
    let entries = b"\x67entries";
    let at = body.windows(entries.len()).position(|at| at == entries);
    let count = match &body[at.unwrap() + entries.len()..] {
        [short @ 0x80..=0x97, ..] => u64::from(short - 0x80),
        [0x98, count, ..] => u64::from(*count),
        other => panic!("not an array: {other:?}"),
    };
    match body[0] {
        0xa1 => Head::Push(count),
        _ => Head::CrowdPush(count),
    }
}

pub fn payload(frame: &ClientFrame) -> Vec<u8> {
    match encode(Encoding::Binary, frame) {
        Encoded::Binary(bytes) => bytes,
        Encoded::Text(_) => unreachable!(),
    }
}

/// A binary frame, masked with zeroes.
pub fn put_frame(out: &mut Vec<u8>, payload: &[u8]) {
    out.push(0x82);
    match u16::try_from(payload.len()).unwrap() {
        short @ 0..126 => out.push(0x80 | u8::try_from(short).unwrap()),
        long => {
            out.push(0x80 | 126);
            out.extend_from_slice(&long.to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

pub fn put_ack(out: &mut Vec<u8>, cursor: u64) {
    let cursor = Seq::new(cursor).unwrap();
    put_frame(out, &payload(&ClientFrame::Ack { cursor }));
}

/// The answer's request is odd for a large conversation's timeline, even for the user's own.
pub fn put_pull(out: &mut Vec<u8>, conv: Option<&ConvId>, after: u64) {
    let pull = ClientFrame::Pull {
        req: RequestId::new(2 * after + u64::from(conv.is_some())).unwrap(),
        after: Seq::new(after).unwrap(),
        limit: None,
        conv: conv.cloned(),
        public: None,
    };
    put_frame(out, &payload(&pull));
}

/// Messages that differ in their ids and in sixteen digits of their bodies only: encoded once.
pub struct Template {
    payload: Vec<u8>,
    id_at: usize,
    mark_at: usize,
}

const ID: &str = "ffffffffffffffff";
const MARK: &str = "eeeeeeeeeeeeeeee";
/// In front of the sixteen digits, by which they are found again.
pub const MARK_BEFORE: &[u8] = b"mark:";

impl Template {
    pub fn new(to: Target, body_bytes: usize) -> Self {
        let mut body = format!("mark:{MARK} ");
        body.push_str(&"x".repeat(body_bytes.saturating_sub(body.len())));
        let payload = payload(&ClientFrame::Send(Send {
            client_msg_id: ClientMsgId::new(ID).unwrap(),
            to,
            kind: Kind::text(),
            body,
            priority: Priority::Normal,
            expires_us: None,
            key: None,
            replace: false,
            business: None,
            mentions: Vec::new(),
        }));
        let at = |text: &str| {
            let text = text.as_bytes();
            payload
                .windows(text.len())
                .position(|at| at == text)
                .unwrap()
        };
        Self {
            id_at: at(ID),
            mark_at: at(MARK),
            payload,
        }
    }

    /// Adds the message with this number and mark.
    pub fn put(&mut self, out: &mut Vec<u8>, number: u64, mark: u64) {
        // Ids without order, as clients make them.
        let id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        put_hex(&mut self.payload[self.id_at..self.id_at + 16], id);
        put_hex(&mut self.payload[self.mark_at..self.mark_at + 16], mark);
        put_frame(out, &self.payload);
    }
}

fn put_hex(out: &mut [u8], number: u64) {
    for (digit, shift) in out.iter_mut().zip((0..16).rev()) {
        *digit = b"0123456789abcdef"[usize::try_from(number >> (4 * shift) & 15).unwrap()];
    }
}

/// The marks of the messages in a frame.
pub fn marks(payload: &[u8]) -> impl Iterator<Item = u64> {
    let windows = payload.windows(MARK_BEFORE.len() + 16);
    windows.filter(|at| at.starts_with(MARK_BEFORE)).map(|at| {
        let digits = std::str::from_utf8(&at[MARK_BEFORE.len()..]).unwrap();
        u64::from_str_radix(digits, 16).unwrap()
    })
}
