//! Which pages may use the node from a browser, by websocket or by gRPC-web. Browsers let any page connect anywhere and say
//! where it came from in the header `Origin` (RFC 6454); programs that are no browsers send none.

use std::{net::IpAddr, str::FromStr, sync::Arc};

use warp::http::{
    HeaderMap, Uri, header,
    uri::{Authority, Scheme},
};

/// An origin, as browsers write it: scheme, host, and the port if it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
}

/// A text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no origin; one looks like https://example.org or http://example.org:8080")]
pub struct OriginError(String);

impl FromStr for WebOrigin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let wrong = || OriginError(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return Err(wrong()) };
        let is_web = *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS;
        let port = authority.port_u16();
        let rest = port.map_or(String::new(), |port| format!(":{port}"));
        if !is_web || text != format!("{scheme}://{}{rest}", authority.host()) {
            return Err(wrong());
        }
        let own_port = if *scheme == Scheme::HTTP { 80 } else { 443 };
        let port = port.filter(|port| *port != own_port);
        Ok(Self { scheme: scheme.clone(), host: host_of(authority), port })
    }
}

impl WebOrigin {
    /// Whether the page came from this machine.
    fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// The host in lower case, without the brackets of IPv6.
fn host_of(authority: &Authority) -> String {
    authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

/// Whether a host names this machine whatever a name server says (RFC 6761, section 6.3).
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What a page is told that may not.
pub const REFUSAL: &str = "Pages of this origin may not connect; the node's setting 'origins' lists those that may.\n";

/// Who may connect: those without an origin, pages of this machine, pages of the host that the client itself asked for,
/// and those that the configuration lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    listed: Vec<WebOrigin>,
}

/// The same for one listener; cheap to clone.
#[derive(Clone, Debug)]
pub struct Pages {
    origins: Arc<Origins>,
    /// Whether the listener is reached from this machine alone.
    on_loopback: bool,
}

impl Pages {
    /// Of a listener that is reached from this machine alone, or from others too.
    pub fn new(origins: Arc<Origins>, on_loopback: bool) -> Self {
        Self { origins, on_loopback }
    }

    /// Whether a request with these headers may go on. `asked` is the host in its address, which HTTP/2 has in place of
    /// the header `Host`.
    pub fn may_connect(&self, headers: &HeaderMap, asked: Option<&Authority>) -> bool {
        self.origins.allow(headers, asked, self.on_loopback)
    }
}

impl Origins {
    /// The default, and those.
    ///
    /// # Errors
    /// [`OriginError`] for the first text that is no origin.
    pub fn with(listed: &[String]) -> Result<Self, OriginError> {
        Ok(Self { listed: listed.iter().map(|text| text.parse()).collect::<Result<_, _>>()? })
    }

    /// `on_loopback` says that the listener is reached from this machine alone: there, a host that is no name of this
    /// machine was made to lead here, so it vouches for nobody.
    fn allow(&self, headers: &HeaderMap, asked: Option<&Authority>, on_loopback: bool) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).into_iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            return !headers.contains_key(header::ORIGIN);
        };
        let Some(origin) = origin.to_str().ok().and_then(|text| text.parse::<WebOrigin>().ok()) else { return false };
        origin.is_loopback() || self.listed.contains(&origin) || (!on_loopback && asked_for(headers, asked, &origin))
    }
}

/// Whether the page came from the host that the client asked for, on whatever port.
fn asked_for(headers: &HeaderMap, asked: Option<&Authority>, origin: &WebOrigin) -> bool {
    let host = || headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    asked.cloned().or_else(host).is_some_and(|host| host_of(&host) == origin.host)
}
