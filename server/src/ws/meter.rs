//! Watches the bytes of a WebSocket go by, to know when one last arrived and whether a frame is half here.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// A stream of WebSocket frames that keeps time.
pub(crate) struct Meter<S> {
    stream: S,
    frames: FrameScanner,
    last_read: Instant,
    frame_since: Option<Instant>,
}

impl<S> Meter<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            frames: FrameScanner::default(),
            last_read: Instant::now(),
            frame_since: None,
        }
    }

    /// When a byte last arrived.
    pub(crate) fn last_read(&self) -> Instant {
        self.last_read
    }

    /// Since when a frame has been incomplete, if one is.
    pub(crate) fn frame_since(&self) -> Option<Instant> {
        self.frame_since
    }

    fn note(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.last_read = Instant::now();
        let completed = self.frames.advance(bytes);
        if self.frames.at_boundary() {
            self.frame_since = None;
        } else if completed || self.frame_since.is_none() {
            self.frame_since = Some(self.last_read);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Meter<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.note(&buf.filled()[before..]);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Meter<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Finds the boundaries of WebSocket frames (RFC 6455, 5.2) in a stream of bytes, without looking inside.
#[derive(Default)]
struct FrameScanner {
    header: [u8; MAX_HEADER],
    have: usize,
    payload_left: u64,
}

const MAX_HEADER: usize = 14;

impl FrameScanner {
    /// Takes the next bytes; true if a frame ended in them.
    fn advance(&mut self, mut bytes: &[u8]) -> bool {
        let mut completed = false;
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.payload_left > 0 {
                let size = usize::try_from(self.payload_left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                bytes = &bytes[size..];
                self.payload_left -= size as u64;
                completed |= self.payload_left == 0;
                continue;
            }
            bytes = rest;
            self.header[self.have] = byte;
            self.have += 1;
            if self.have == self.header_size() {
                self.payload_left = self.payload_size();
                self.have = 0;
                completed |= self.payload_left == 0;
            }
        }
        completed
    }

    fn at_boundary(&self) -> bool {
        self.have == 0 && self.payload_left == 0
    }

    fn header_size(&self) -> usize {
        if self.have < 2 {
            return 2;
        }
        let mask = if self.header[1] & 0x80 == 0 { 0 } else { 4 };
        2 + mask
            + match self.header[1] & 0x7f {
                126 => 2,
                127 => 8,
                _ => 0,
            }
    }

    fn payload_size(&self) -> u64 {
        let extended = |size: usize| {
            self.header[2..2 + size]
                .iter()
                .fold(0, |sum, &byte| sum << 8 | u64::from(byte))
        };
        match self.header[1] & 0x7f {
            126 => extended(2),
            127 => extended(8),
            short => u64::from(short),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One masked frame with a payload of `size` bytes.
    fn frame(size: usize) -> Vec<u8> {
        let mut frame = vec![0x82];
        match size {
            0..=125 => frame.push(0x80 | size as u8),
            126..=65_535 => {
                frame.push(0x80 | 126);
                frame.extend((size as u16).to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((size as u64).to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        frame.resize(frame.len() + size, 0xff);
        frame
    }

    #[test]
    fn every_cut_of_every_length_form_is_found() {
        for size in [0, 1, 125, 126, 65_535, 65_536] {
            let bytes = frame(size);
            for cut in (1..bytes.len().min(20)).chain([bytes.len() - 1]) {
                let mut scanner = FrameScanner::default();
                assert!(!scanner.advance(&bytes[..cut]), "{size} bytes cut at {cut}");
                assert!(!scanner.at_boundary(), "{size} bytes cut at {cut}");
                assert!(scanner.advance(&bytes[cut..]), "{size} bytes cut at {cut}");
                assert!(scanner.at_boundary(), "{size} bytes cut at {cut}");
            }
        }
    }

    #[test]
    fn a_frame_may_end_and_the_next_begin_in_one_read() {
        let mut scanner = FrameScanner::default();
        let mut bytes = frame(3);
        bytes.extend(&frame(200)[..5]);
        assert!(scanner.advance(&bytes));
        assert!(!scanner.at_boundary());
    }

    #[test]
    fn a_length_of_all_ones_does_not_overflow() {
        let mut scanner = FrameScanner::default();
        scanner.advance(&[
            0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3,
        ]);
        assert!(!scanner.at_boundary());
    }
}
