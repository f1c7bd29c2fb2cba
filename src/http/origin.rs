//! From where a request comes.

use std::net::IpAddr;

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest};
use tracing_actix_web::RequestId;

use crate::model::actor::Origin;

/// What is kept of a client's own words.
const USER_AGENT_MAX: usize = 200;

/// Where `request` comes from. `X-Forwarded-For` counts only from the proxies that are trusted.
pub fn of(request: &HttpRequest, trusted: &[IpAddr]) -> Origin {
    Origin {
        address: address(request, trusted).map(|ip| ip.to_string()),
        user_agent: text(request, &header::USER_AGENT)
            .map(|text| text.chars().filter(|c| !c.is_control()).take(USER_AGENT_MAX).collect()),
        operation: request.match_pattern().map(|route| format!("{} {route}", request.method())),
        request_id: request.extensions().get::<RequestId>().map(ToString::to_string),
    }
}

/// The last address that no trusted proxy has.
fn address(request: &HttpRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        let Ok(ip) = hop.parse::<IpAddr>() else { break };
        client = ip.to_canonical();
        if !trusted.contains(&client) {
            break;
        }
    }
    Some(client)
}

/// Whether a request comes from this machine itself, and through no proxy.
pub fn is_local(request: &HttpRequest, trusted: &[IpAddr]) -> bool {
    let forwarded = request.headers().contains_key("x-forwarded-for") || request.headers().contains_key("forwarded");
    !forwarded && address(request, trusted).is_some_and(|address| address.is_loopback())
}

/// The client's address as a trusted proxy tells it; `None` where none does.
pub fn forwarded(request: &HttpRequest, trusted: &[IpAddr]) -> Option<String> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let told = request.headers().get_all("x-forwarded-for").last().and_then(|value| value.to_str().ok());
    let nearest = told.and_then(|line| line.rsplit(',').next()).and_then(|hop| hop.trim().parse::<IpAddr>().ok());
    let client = address(request, trusted).filter(|_| trusted.contains(&peer) && nearest.is_some());
    client.map(|client| client.to_string())
}

/// A header's text.
pub fn text<'a>(request: &'a HttpRequest, name: &header::HeaderName) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}
