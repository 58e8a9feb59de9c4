//! Who is taken to be one party.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

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
