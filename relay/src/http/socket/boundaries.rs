//! Where the messages of a WebSocket begin and end, from the bytes alone.

use std::io::Cursor;

use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Data, OpCode},
};

/// Two bytes, eight of a length, four of a mask.
const HEADER_BYTES_MAX: usize = 14;

/// Follows what is read from a socket.
#[derive(Debug, Default)]
pub(super) struct Boundaries {
    /// The beginning of a header.
    header: [u8; HEADER_BYTES_MAX],
    header_bytes: usize,
    /// Of the frame's payload.
    bytes_left: u64,
    /// More frames of the message follow.
    is_unfinished: bool,
    /// What was read is no WebSocket's.
    is_lost: bool,
}

impl Boundaries {
    /// Whether what was read ends with a message.
    pub(super) fn is_at_end(&self) -> bool {
        self.header_bytes == 0 && self.bytes_left == 0 && !self.is_unfinished && !self.is_lost
    }

    /// So much was read.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_lost {
            let passed = if self.bytes_left > 0 {
                self.pass_payload(bytes)
            } else {
                self.pass_header(bytes)
            };
            bytes = bytes.get(passed..).unwrap_or_default();
        }
    }

    fn pass_payload(&mut self, bytes: &[u8]) -> usize {
        let left = usize::try_from(self.bytes_left).unwrap_or(usize::MAX);
        let passed = bytes.len().min(left);
        self.bytes_left -= passed as u64;
        passed
    }

    fn pass_header(&mut self, bytes: &[u8]) -> usize {
        let before = self.header_bytes;
        let free = self.header.iter_mut().skip(before);
        let copied = free.zip(bytes).map(|(to, from)| *to = *from).count();
        self.header_bytes += copied;
        let header = self.header.get(..self.header_bytes).unwrap_or_default();
        let mut cursor = Cursor::new(header);
        match FrameHeader::parse(&mut cursor) {
            Ok(None) => copied,
            Ok(Some((header, length))) => {
                let end = usize::try_from(cursor.position()).unwrap_or_default();
                self.header_bytes = 0;
                self.bytes_left = length;
                if let OpCode::Data(Data::Text | Data::Binary | Data::Continue) = header.opcode {
                    self.is_unfinished = !header.is_final;
                }
                end - before
            }
            Err(_) => {
                self.is_lost = true;
                copied
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: &[u8] = &[0x89, 0x80, 1, 2, 3, 4];
    const WHOLE: &[u8] = &[0x82, 0x83, 1, 2, 3, 4, 9, 9, 9];
    const FIRST: &[u8] = &[0x01, 0x81, 1, 2, 3, 4, 9];
    const LAST: &[u8] = &[0x80, 0x80, 1, 2, 3, 4];

    fn long() -> Vec<u8> {
        let mut frame = vec![0x82, 0xfe, 1, 0, 1, 2, 3, 4];
        frame.resize(8 + 256, 0);
        frame
    }

    #[test]
    fn messages_end_with_their_last_frame_whatever_comes_in_between() {
        let mut all = Vec::new();
        let mut ends = vec![0];
        for (frame, ends_here) in [
            (WHOLE, true),
            (PING, true),
            (&long()[..], true),
            (FIRST, false),
            (PING, false),
            (LAST, true),
        ] {
            all.extend_from_slice(frame);
            if ends_here {
                ends.push(all.len());
            }
        }
        for chunk in [1, 2, 5, 7, 64, 1024] {
            let mut boundaries = Boundaries::default();
            let mut at = 0;
            for bytes in all.chunks(chunk) {
                boundaries.pass(bytes);
                at += bytes.len();
                assert_eq!(boundaries.is_at_end(), ends.contains(&at), "{chunk}: {at}");
            }
        }
    }

    #[test]
    fn what_is_no_frame_never_ends() {
        let mut boundaries = Boundaries::default();
        boundaries.pass(&[0x8f, 0x80, 0, 0, 0, 0]);
        boundaries.pass(WHOLE);
        assert!(!boundaries.is_at_end());
    }
}
