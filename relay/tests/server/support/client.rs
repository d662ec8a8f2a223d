//! A client that says exactly what a test tells it to.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use seqline_protocol::{
    ClientFrame, ClientMsgId, DeviceId, Encoded, Encoding, Entry, ErrorCode, Hello, Kind, Priority,
    RelayFrame, RequestId, Resume, Secret, Send, Seq, Start, Target, UserId, VERSION, Welcome,
    decode, encode,
};
use serde_json::Value;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};
use tungstenite::{Message, handshake::client::Request};

use super::{PATIENCE, Relay};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) struct Client {
    pub(crate) socket: Socket,
    pub(crate) encoding: Encoding,
}

/// A message to a user.
pub(crate) fn send(to: &str, id: &str, body: &str) -> ClientFrame {
    send_to(Target::User(UserId::new(to).unwrap()), id, body)
}

/// A message to anyone.
pub(crate) fn send_to(to: Target, id: &str, body: &str) -> ClientFrame {
    ClientFrame::Send(Send {
        client_msg_id: ClientMsgId::new(id).unwrap(),
        to,
        kind: Kind::text(),
        body: body.to_owned(),
        priority: Priority::Normal,
        expires_us: None,
        key: None,
        replace: false,
        business: None,
        mentions: Vec::new(),
    })
}

impl Client {
    /// A socket on which nothing was said yet.
    pub(crate) async fn dial(url: &str) -> Self {
        let (socket, _) = connect_async(url).await.unwrap();
        Self {
            socket,
            encoding: Encoding::Binary,
        }
    }

    /// The same, by a request of the test's own.
    pub(crate) async fn dial_as(request: Request) -> Self {
        let (socket, _) = connect_async(request).await.unwrap();
        Self {
            socket,
            encoding: Encoding::Binary,
        }
    }

    /// The same, on a link that holds little of what is not read.
    pub(crate) async fn dial_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let stream = MaybeTlsStream::Plain(socket.connect(address).await.unwrap());
        let url = format!("ws://{address}/v1/socket");
        let (socket, _) = client_async(url, stream).await.unwrap();
        Self {
            socket,
            encoding: Encoding::Binary,
        }
    }

    /// An open session of a device that starts with the oldest entry.
    pub(crate) async fn open(relay: &Relay, user: &str, device: &str) -> (Self, Welcome) {
        let mut client = Self::dial(&relay.socket_url()).await;
        let welcome = client.hello(&relay.token(user), device, None).await;
        (client, welcome)
    }

    /// Says hello, and is welcomed.
    pub(crate) async fn hello(
        &mut self,
        token: &str,
        device: &str,
        resume: Option<Resume>,
    ) -> Welcome {
        self.say_hello(token, device, resume).await;
        match self.next().await {
            RelayFrame::Welcome(welcome) => welcome,
            other => panic!("not welcome: {other:?}"),
        }
    }

    pub(crate) async fn say_hello(&mut self, token: &str, device: &str, resume: Option<Resume>) {
        let hello = Self::hello_of(token, device, resume);
        self.say(&ClientFrame::Hello(hello)).await;
    }

    /// Of a device that starts with the oldest entry.
    pub(crate) fn hello_of(token: &str, device: &str, resume: Option<Resume>) -> Hello {
        Hello {
            version: VERSION,
            token: Secret::new(token),
            device: DeviceId::new(device).unwrap(),
            host: "test".to_owned(),
            platform: None,
            app_version: None,
            resume,
            start: Start::Oldest,
            background: false,
        }
    }

    pub(crate) async fn say(&mut self, frame: &ClientFrame) {
        self.say_raw(self.message(frame)).await;
    }

    /// Says all of them at once: none is still to be said when the first one is answered.
    pub(crate) async fn say_all(&mut self, frames: impl IntoIterator<Item = ClientFrame>) {
        for frame in frames {
            self.socket.feed(self.message(&frame)).await.unwrap();
        }
        self.socket.flush().await.unwrap();
    }

    fn message(&self, frame: &ClientFrame) -> Message {
        match encode(self.encoding, frame) {
            Encoded::Text(text) => Message::Text(text.into()),
            Encoded::Binary(bytes) => Message::Binary(bytes.into()),
        }
    }

    pub(crate) async fn say_raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next frame, in the encoding that this client speaks.
    pub(crate) async fn next(&mut self) -> RelayFrame {
        let message = self.next_message().await;
        match message {
            Message::Text(text) => {
                assert_eq!(self.encoding, Encoding::Text);
                decode(Encoding::Text, text.as_bytes()).unwrap()
            }
            Message::Binary(bytes) => {
                assert_eq!(self.encoding, Encoding::Binary);
                decode(Encoding::Binary, &bytes).unwrap()
            }
            other => panic!("not a frame: {other:?}"),
        }
    }

    /// The next frame that is not a push, a notify or a `sent`.
    pub(crate) async fn answer(&mut self) -> RelayFrame {
        loop {
            match self.next().await {
                RelayFrame::Push { .. } | RelayFrame::Notify { .. } | RelayFrame::Sent { .. } => {}
                frame => return frame,
            }
        }
    }

    /// Calls a method: what it gives, or the code of why not.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Result<Value, ErrorCode> {
        let result = self.try_call(method, params).await;
        result.map_err(|(code, _)| code)
    }

    /// The same, with the text of why not. Frames before the answer are passed over.
    pub(crate) async fn try_call(
        &mut self,
        method: &str,
        params: Value,
    ) -> Result<Value, (ErrorCode, String)> {
        let req = RequestId::new(9_000_000).unwrap();
        self.say(&ClientFrame::Call {
            req,
            method: method.to_owned(),
            params: params.to_string(),
        })
        .await;
        loop {
            match self.next().await {
                RelayFrame::Result { req: of, value } if of == req => {
                    return Ok(serde_json::from_str(&value).unwrap());
                }
                RelayFrame::Error {
                    code,
                    message,
                    req: Some(of),
                    ..
                } if of == req => return Err((code, message)),
                RelayFrame::Error { code, .. } => panic!("{code}"),
                _ => {}
            }
        }
    }

    /// The next event of this name. Other frames are passed over.
    pub(crate) async fn event(&mut self, expected: &str) -> Value {
        loop {
            if let RelayFrame::Event { name, value } = self.next().await
                && name.as_str() == expected
            {
                return serde_json::from_str(&value).unwrap();
            }
        }
    }

    /// The code that the relay closes with. Frames before it are passed over.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.next_message().await {
                return frame.unwrap().code.into();
            }
        }
    }

    /// Sends a message, and waits until it is stored.
    pub(crate) async fn store(&mut self, to: &str, id: &str, body: &str) -> Seq {
        self.say(&send(to, id, body)).await;
        loop {
            match self.next().await {
                RelayFrame::Sent {
                    client_msg_id, seq, ..
                } if client_msg_id.as_str() == id => return seq,
                RelayFrame::Sent { .. } | RelayFrame::Push { .. } | RelayFrame::Notify { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Entries that are pushed, until so many have come.
    pub(crate) async fn pushed(&mut self, count: usize) -> Vec<Entry> {
        let mut all = Vec::new();
        while all.len() < count {
            match self.next().await {
                RelayFrame::Push { entries, .. } => all.extend(entries),
                RelayFrame::Sent { .. } => {}
                other => panic!("not a push: {other:?}"),
            }
        }
        assert_eq!(all.len(), count);
        all
    }

    /// A page after a seq, and the head.
    pub(crate) async fn pull(&mut self, after: Seq) -> (Vec<Entry>, Seq) {
        let req = RequestId::new(after.get() + 1_000_000).unwrap();
        self.say(&ClientFrame::Pull {
            req,
            after,
            limit: None,
            conv: None,
            public: None,
        })
        .await;
        match self.answer().await {
            RelayFrame::Page {
                req: of,
                entries,
                head,
                ..
            } => {
                assert_eq!(of, req);
                (entries, head)
            }
            other => panic!("not a page: {other:?}"),
        }
    }

    /// Everything after a seq, page by page, until the head.
    pub(crate) async fn pull_all(&mut self, after: Seq) -> Vec<Entry> {
        let mut all: Vec<Entry> = Vec::new();
        loop {
            let after = all.last().map_or(after, |entry| entry.seq);
            let (entries, head) = self.pull(after).await;
            all.extend(entries);
            if all.last().map_or(after, |entry| entry.seq) == head {
                return all;
            }
        }
    }

    async fn next_message(&mut self) -> Message {
        timeout(PATIENCE, self.socket.next())
            .await
            .expect("something comes in time")
            .expect("the socket is open")
            .expect("the socket works")
    }
}
