//! Frames on a Unix stream: a 4-byte big-endian length and that many bytes of JSON.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt};
use tradewind_protocol::frames::MAX_FRAME;

/// How much is asked of the socket at once.
const CHUNK: usize = 16 << 10;

/// The bytes of one frame.
///
/// # Errors
/// When the value does not serialize or is longer than [`MAX_FRAME`].
pub fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, value)?;
    let length = frame.len() - 4;
    if length > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes is too long")));
    }
    frame[..4].copy_from_slice(&(length as u32).to_be_bytes());
    Ok(frame)
}

/// Takes frames from a stream. What was read is kept here, so a cancelled [`FrameReader::next`] loses nothing.
pub struct FrameReader<R> {
    stream: R,
    buffer: Vec<u8>,
    start: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// A reader that has read nothing.
    pub fn new(stream: R) -> Self {
        Self { stream, buffer: Vec::new(), start: 0 }
    }

    /// The next frame, or `None` at the end of the stream.
    ///
    /// # Errors
    /// When the stream fails, ends inside a frame, or does not speak frames.
    pub async fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        loop {
            if let Some(value) = self.buffered()? {
                return Ok(Some(value));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            self.buffer.reserve(CHUNK);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the stream ended inside a frame")),
                };
            }
        }
    }

    /// Takes bytes that somebody else read from the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// A frame that has been read already, without waiting.
    ///
    /// # Errors
    /// When the bytes are not a frame.
    pub fn buffered<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let rest = &self.buffer[self.start..];
        let Some((head, body)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*head) as usize;
        if length > MAX_FRAME {
            let message = format!("a frame of {length} bytes is too long: the stream is out of step");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        if body.len() < length {
            return Ok(None);
        }
        let value = serde_json::from_slice(&body[..length])?;
        self.start += 4 + length;
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn frames_survive_being_cut_and_glued() {
        let (mut a, b) = tokio::io::duplex(64);
        let mut reader = FrameReader::new(b);
        let frames: Vec<Value> = vec![json!({"a": 1}), json!("x".repeat(1000)), json!(null)];
        let bytes: Vec<u8> = frames.iter().flat_map(|f| encode(f).unwrap()).collect();
        let writer = tokio::spawn(async move {
            for part in bytes.chunks(7) {
                a.write_all(part).await.unwrap();
            }
        });
        for frame in &frames {
            assert_eq!(reader.next::<Value>().await.unwrap().as_ref(), Some(frame));
        }
        writer.await.unwrap();
        assert_eq!(reader.next::<Value>().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_stream_that_ends_inside_a_frame_or_is_out_of_step_is_an_error() {
        let mut cut = FrameReader::new(&[0u8, 0, 0, 9, b'{'][..]);
        assert_eq!(cut.next::<Value>().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let mut wild = FrameReader::new(&b"Traceback (most recent call last)"[..]);
        assert!(wild.next::<Value>().await.unwrap_err().to_string().contains("out of step"));
    }
}
