//! Whose request it is: the address of the peer, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

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

/// Whether one of `networks` holds `address`.
#[must_use]
pub fn covers(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// The part of an address that one party is taken to own: all of an IPv4 address, the first 64 bits of an IPv6 one.
#[must_use]
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// An address, with or without a port: some proxies append one.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.parse().ok().or_else(|| hop.parse().ok().map(|socket: SocketAddr| socket.ip()));
    bare.map(|address: IpAddr| address.to_canonical())
}
