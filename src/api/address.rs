//! Whose request it is: the address of the peer, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

pub use crate::lifecycle::{covers, neighbourhood};

/// The header in which each proxy appends the address it was called from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address, an IPv4-mapped one as IPv4.
///
/// `X-Forwarded-For` is believed only when `peer` lies in `trusted`, and then from the right: the first hop that is
/// not itself trusted is the client, because everything left of it is what that client chose to send. Anything there
/// that is no address discredits the header, and the peer's own address counts.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    if !covers(trusted, peer) {
        return peer;
    }
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = values.flat_map(|value| value.to_str().unwrap_or("?").rsplit(','));
    let mut client = peer;
    for hop in hops {
        let Some(address) = parse(hop.trim()) else { return peer };
        client = address;
        if !covers(trusted, address) {
            break;
        }
    }
    client
}

/// An address, with or without a port: some proxies append one.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.parse().ok().or_else(|| hop.parse().ok().map(|socket: SocketAddr| socket.ip()));
    bare.map(|address: IpAddr| address.to_canonical())
}
