//! What kinds of addresses there are, and which of them a destination may have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// Anybody's, on the internet.
    Public,
    /// This machine.
    Loopback,
    /// A network of one's own.
    Private,
    /// Where clouds tell machines their secrets.
    Metadata,
    /// The cable that the machine hangs on.
    LinkLocal,
    /// Many machines at once, or all of them.
    Multicast,
    /// An address of IPv4 written as one of IPv6: whoever filters one of the two is led past.
    Translated,
    /// No address of a machine: unspecified, reserved or for documentation.
    Reserved,
}

impl AddressKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Metadata => "metadata",
            Self::LinkLocal => "link-local",
            Self::Multicast => "multicast",
            Self::Translated => "translated",
            Self::Reserved => "reserved",
        }
    }

    /// # Sources
    /// The IANA registries of special-purpose addresses for IPv4 and IPv6, and the addresses under
    /// which clouds document their metadata services.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

/// AWS, Azure, Google, Oracle and others; Azure's agent; Alibaba; Oracle's older one.
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// AWS.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

fn of_v4(address: Ipv4Addr) -> AddressKind {
    if METADATA_V4.contains(&address) {
        return AddressKind::Metadata;
    }
    match address.octets() {
        [127, ..] => AddressKind::Loopback,
        // 100.64.0.0/10 is shared among a provider's customers, and what overlay networks use.
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => {
            AddressKind::Private
        }
        [169, 254, ..] => AddressKind::LinkLocal,
        [224..=239, ..] | [255, 255, 255, 255] => AddressKind::Multicast,
        [0 | 240..=255, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressKind {
    if address == METADATA_V6 {
        return AddressKind::Metadata;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        // Unspecified; for documentation.
        [0, 0, 0, 0, 0, 0, 0, 0] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => {
            AddressKind::Reserved
        }
        // IPv4-compatible, IPv4-mapped, IPv4-translated; NAT64; Teredo; 6to4.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, ..]
        | [0x2001, 0, ..]
        | [0x2002, ..] => AddressKind::Translated,
        [0xfc00..=0xfdff, ..] => AddressKind::Private,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        // What is unicast and given to somebody; everything else waits for a use.
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}

/// Which addresses a destination may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The one that the settings name.
    Exactly(IpAddr),
    /// This machine, by the name that means it.
    Localhost,
    /// Those on the internet.
    Public,
    /// Those of the operator's own network, this machine included.
    Internal,
    /// Both, for a destination of which the settings say nothing.
    Either,
}

impl Reach {
    pub(crate) fn allows(self, address: IpAddr) -> bool {
        let kind = AddressKind::of(address);
        let is_own = matches!(kind, AddressKind::Loopback | AddressKind::Private);
        let is_public = kind == AddressKind::Public;
        match self {
            Self::Exactly(named) => named == address && (is_own || is_public),
            Self::Localhost => kind == AddressKind::Loopback,
            Self::Public => is_public,
            Self::Internal => is_own,
            Self::Either => is_own || is_public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        for (address, expected) in [
            ("9.9.9.9", AddressKind::Public),
            ("127.0.0.1", AddressKind::Loopback),
            ("127.255.255.254", AddressKind::Loopback),
            ("10.0.0.1", AddressKind::Private),
            ("172.15.255.255", AddressKind::Public),
            ("172.16.0.1", AddressKind::Private),
            ("172.31.255.255", AddressKind::Private),
            ("172.32.0.1", AddressKind::Public),
            ("192.168.0.1", AddressKind::Private),
            ("100.63.255.255", AddressKind::Public),
            ("100.64.0.1", AddressKind::Private),
            ("100.100.100.200", AddressKind::Metadata),
            ("168.63.129.16", AddressKind::Metadata),
            ("169.254.169.254", AddressKind::Metadata),
            ("169.254.1.1", AddressKind::LinkLocal),
            ("224.0.0.251", AddressKind::Multicast),
            ("255.255.255.255", AddressKind::Multicast),
            ("0.0.0.0", AddressKind::Reserved),
            ("0.1.2.3", AddressKind::Reserved),
            ("192.0.2.1", AddressKind::Reserved),
            ("198.18.0.1", AddressKind::Reserved),
            ("240.0.0.1", AddressKind::Reserved),
            ("::1", AddressKind::Loopback),
            ("::", AddressKind::Reserved),
            ("::127.0.0.1", AddressKind::Translated),
            ("::ffff:127.0.0.1", AddressKind::Translated),
            ("::ffff:9.9.9.9", AddressKind::Translated),
            ("::ffff:0:7f00:1", AddressKind::Translated),
            ("64:ff9b::7f00:1", AddressKind::Translated),
            ("64:ff9b:1::7f00:1", AddressKind::Translated),
            ("2001::1", AddressKind::Translated),
            ("2002:7f00:1::", AddressKind::Translated),
            ("fd00:ec2::254", AddressKind::Metadata),
            ("fd00::1", AddressKind::Private),
            ("fe80::1", AddressKind::LinkLocal),
            ("ff02::1", AddressKind::Multicast),
            ("2001:db8::1", AddressKind::Reserved),
            ("2a00:1450::1", AddressKind::Public),
            ("4000::1", AddressKind::Reserved),
            ("fec0::1", AddressKind::Reserved),
        ] {
            assert_eq!(AddressKind::of(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn a_named_address_is_reached_unless_it_is_nobody_s() {
        let named = |address: &str| {
            let address = address.parse().unwrap();
            Reach::Exactly(address).allows(address)
        };
        for address in ["127.0.0.1", "10.0.0.1", "9.9.9.9", "::1", "fd00::1", "2a00:1450::1"] {
            assert!(named(address), "{address}");
        }
        for address in
            ["169.254.169.254", "fd00:ec2::254", "0.0.0.0", "224.0.0.1", "::ffff:10.0.0.1"]
        {
            assert!(!named(address), "{address}");
        }
        assert!(!Reach::Exactly("127.0.0.1".parse().unwrap()).allows("127.0.0.2".parse().unwrap()));
    }

    #[test]
    fn what_is_declared_says_where_a_name_may_lead() {
        for (reach, expected) in [
            (Reach::Localhost, "127.0.0.1"),
            (Reach::Public, "9.9.9.9"),
            (Reach::Internal, "127.0.0.1 10.0.0.1 fd00::1"),
            (Reach::Either, "127.0.0.1 10.0.0.1 fd00::1 9.9.9.9"),
        ] {
            let all = "127.0.0.1 10.0.0.1 fd00::1 169.254.169.254 169.254.1.1 ff02::1 ::ffff:9.9.9.9 \
                       64:ff9b::909:909 0.0.0.0 fd00:ec2::254 9.9.9.9";
            let reached = all.split(' ').filter(|text| reach.allows(text.parse().unwrap()));
            assert_eq!(reached.collect::<Vec<_>>().join(" "), expected, "{reach:?}");
        }
    }
}
