//! WebSocket frames made and read by hand.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::within;

/// A masked frame: its first byte and its payload. The mask is zero, so that the payload reads as it is.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        size @ 0..=125 => bytes.push(0x80 | size as u8),
        size @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((size as u16).to_be_bytes());
        }
        size => {
            bytes.push(0x80 | 127);
            bytes.extend((size as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// The code of the close frame that comes next on a connection with frames made by hand, which must then end in order.
pub(crate) async fn close_code(tcp: &mut TcpStream) -> u16 {
    let first = within(tcp.read_u8()).await.expect("a frame");
    assert_eq!(first, 0x88, "a close frame is expected");
    let size = within(tcp.read_u8()).await.expect("a size");
    let mut payload = vec![0; usize::from(size)];
    within(tcp.read_exact(&mut payload))
        .await
        .expect("a payload");
    assert_eq!(within(tcp.read(&mut [0])).await.expect("an orderly end"), 0);
    u16::from_be_bytes([payload[0], payload[1]])
}
