//! The networks from which a token may be used.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// The most networks that one token may have.
const MOST: usize = 50;

/// Networks in CIDR notation (RFC 4632, section 3.1; RFC 4291, section 2.3). None at all means anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether the token may be used from anywhere.
    pub fn is_anywhere(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a request from this address may use the token. Where the address is not known, only one that is good anywhere.
    pub fn admit(&self, address: Option<&str>) -> bool {
        let address = address.and_then(|text| text.parse::<IpAddr>().ok()).map(|address| address.to_canonical());
        self.is_anywhere() || address.is_some_and(|address| self.0.iter().any(|network| network.contains(&address)))
    }

    /// Whether there is no address from which this lets in and `other` does not.
    pub fn are_within(&self, other: &Self) -> bool {
        let covered = |network: &IpNet| other.0.iter().any(|wide| wide.contains(network));
        other.is_anywhere() || (!self.is_anywhere() && self.0.iter().all(covered))
    }

    /// Each of them, in words.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }
}

/// With a blank between them, as the store keeps them and forms show them.
impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().collect::<Vec<_>>().join(" "))
    }
}

/// Reads networks and single addresses, with blanks, commas or new lines between them.
impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split([',', ' ', '\n', '\r', '\t', ';']).filter(|word| !word.is_empty());
        let mut networks = words.map(network).collect::<Result<Vec<_>, _>>()?;
        networks.sort();
        networks.dedup();
        if networks.len() > MOST {
            return Err(format!("A token has at most {MOST} networks. Join neighbouring ones."));
        }
        Ok(Self(networks))
    }
}

fn network(word: &str) -> Result<IpNet, String> {
    let wrong = || {
        let shown: String = word.chars().take(60).collect();
        format!("{shown} is no network. Write an address, or a block such as 10.20.0.0/16 or 2001:db8::/32.")
    };
    let network = match word.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => word.parse::<IpNet>().map_err(|_| wrong())?,
    };
    // Two ways to write a block are one block; an IPv4 address inside an IPv6 one is compared as IPv4.
    match network.trunc() {
        IpNet::V6(block) if block.prefix_len() >= 96 && block.addr().to_ipv4_mapped().is_some() => {
            let address = block.addr().to_canonical();
            IpNet::new(address, block.prefix_len() - 96).map_err(|_| wrong())
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Networks {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_let_in_where_a_network_holds_it_however_it_is_written() {
        let office = read("10.20.3.4/16, 192.0.2.7\n2001:db8::/32 ::ffff:198.51.100.0/120");
        for inside in ["10.20.0.1", "::ffff:10.20.255.255", "192.0.2.7", "2001:db8:1::1", "198.51.100.200"] {
            assert!(office.admit(Some(inside)), "{inside}");
        }
        for outside in ["10.21.0.1", "192.0.2.8", "2001:db9::1", "198.51.101.1", "nonsense", ""] {
            assert!(!office.admit(Some(outside)), "{outside}");
        }
        assert!(!office.admit(None) && Networks::default().admit(None));
        assert_eq!(read(&office.to_string()), office);
        assert_eq!(read("10.0.0.0/8 10.1.2.3/8"), read("10.0.0.0/8"));
    }

    #[test]
    fn what_is_no_network_is_named() {
        for wrong in ["10.0.0.0/33", "localhost", "10.0.0", "1.2.3.4/x", "2001:db8::/129", "💥"] {
            assert!(wrong.parse::<Networks>().unwrap_err().starts_with(wrong), "{wrong}");
        }
        let many: Vec<_> = (0..=50).map(|n| format!("10.0.{n}.0/24")).collect();
        assert!(many.join(" ").parse::<Networks>().is_err());
        assert!(many[1..].join(" ").parse::<Networks>().is_ok());
    }

    #[test]
    fn within_means_no_address_more() {
        assert!(read("10.1.0.0/16").are_within(&read("10.0.0.0/8 192.0.2.0/24")));
        assert!(read("10.1.0.0/16").are_within(&Networks::default()));
        assert!(!Networks::default().are_within(&read("10.0.0.0/8")));
        assert!(!read("10.0.0.0/8").are_within(&read("10.1.0.0/16")));
        assert!(Networks::default().are_within(&Networks::default()));
    }
}
