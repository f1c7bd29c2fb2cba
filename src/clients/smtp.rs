//! Handing mail to a mail server (RFC 5321), over TLS.

use std::fs;
use std::net::IpAddr;
use std::time::Duration;

use lettre::Transport;
use lettre::address::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{self, SmtpTransport, SmtpTransportBuilder};
use url::{Host, Url};

use crate::base::config::Config;
use crate::base::secret::Secret;
use crate::model::mail::Mail;

/// How long the server may take over each step.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail server, and from whom it is given mail.
pub struct Smtp {
    transport: SmtpTransport,
    from: Mailbox,
    domain: String,
}

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In a few words. The server's own are left out: some repeat what the mail says, and that may be a link.
    pub reason: String,
    /// Whether it may be taken at another time.
    pub again: bool,
    /// What lay below, for the log.
    pub cause: String,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    /// TLS from the first byte (RFC 8314, section 3).
    Implicit,
    /// Plain text, which must become TLS before anything is said (RFC 3207).
    StartTls,
    /// None.
    None,
}

/// What `LATCHKEY_SMTP_URL` says.
#[derive(Debug)]
struct Server {
    host: Host<String>,
    port: u16,
    protection: Protection,
    login: Option<(String, Secret)>,
}

impl Smtp {
    /// The mail server that the settings name, if they name one.
    ///
    /// # Errors
    /// What is wrong with the settings, without the URL itself, which holds a password.
    pub fn of(config: &Config) -> Result<Option<Self>, String> {
        let (Some(url), Some(from)) = (&config.smtp_url, &config.smtp_from) else { return Ok(None) };
        let from: Mailbox = from.trim().parse().map_err(|_| {
            "LATCHKEY_SMTP_FROM must be an address, or a name with the address in angle brackets: \
             Latchkey <latchkey@example.com>"
        })?;
        let server = server(url, config.smtp_allow_plaintext)?;
        let domain = Url::parse(&config.origin()).ok().and_then(|url| url.host_str().map(str::to_owned));
        let domain = domain.unwrap_or_else(|| from.email.domain().to_owned());
        let transport = transport(&server, config)?.hello_name(hello(&domain)).build();
        Ok(Some(Self { transport, from, domain }))
    }

    /// Hands one mail over, and waits until the server has taken it.
    ///
    /// # Errors
    /// It was not taken, or nobody knows whether it was.
    pub fn send(&self, mail: &Mail) -> Result<(), Failure> {
        let never = |reason: &str| Failure { reason: reason.into(), again: false, cause: String::new() };
        let address: Address =
            mail.address.parse().map_err(|_| never("the address is none that mail can be sent to"))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(mail.name.clone()), address))
            .subject(&mail.subject)
            .date(mail.at.into())
            .message_id(Some(format!("<{}@{}>", mail.id, self.domain)))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(mail.text.reveal().to_owned(), mail.html.reveal().to_owned()))
            .map_err(|_| never("the mail could not be put together"))?;
        self.transport.send(&message).map(drop).map_err(|error| failure(&error))
    }
}

/// No person wrote it, so that nobody's absence is answered to it (RFC 3834, section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

/// How the portal introduces itself: by its name, or by its address (RFC 5321, section 4.1.3).
fn hello(host: &str) -> ClientId {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ClientId::Ipv4(ip),
        Ok(IpAddr::V6(ip)) => ClientId::Ipv6(ip),
        Err(_) => ClientId::Domain(host.to_owned()),
    }
}

fn transport(server: &Server, config: &Config) -> Result<SmtpTransportBuilder, String> {
    let host = match &server.host {
        Host::Ipv6(ip) => ip.to_string(),
        other => other.to_string(),
    };
    let tls = match server.protection {
        Protection::None => Tls::None,
        Protection::StartTls => Tls::Required(parameters(&host, config)?),
        Protection::Implicit => Tls::Wrapper(parameters(&host, config)?),
    };
    let builder = SmtpTransport::builder_dangerous(host).port(server.port).timeout(Some(PATIENCE)).tls(tls);
    Ok(match &server.login {
        None => builder,
        Some((user, password)) => builder.credentials(Credentials::new(user.clone(), password.reveal().to_owned())),
    })
}

fn parameters(host: &str, config: &Config) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = &config.smtp_ca_file {
        let fail = |why: String| format!("LATCHKEY_SMTP_CA_FILE, {}: {why}", file.display());
        let pem = fs::read(file).map_err(|error| fail(error.to_string()))?;
        let known = Certificate::from_pem(&pem).map_err(|_| fail("it holds no certificates in PEM".into()))?;
        builder = builder.add_root_certificate(known);
    }
    builder.build().map_err(|error| format!("TLS to the mail server cannot be set up: {error}"))
}

const FORM: &str = "LATCHKEY_SMTP_URL must look like smtp://user:password@mail.example.com:587?tls=required or \
                    smtps://user:password@mail.example.com";

/// Reads the URL. Beyond this machine `tls=none` must be allowed by name, and TLS is required where nothing is said.
fn server(url: &Secret, allow_plaintext: bool) -> Result<Server, String> {
    let url = Url::parse(url.reveal()).map_err(|_| FORM)?;
    // Only of the schemes of the web does the parser take numbers for addresses, so a name is looked at again.
    let host = url.host_str().and_then(|host| Host::parse(host).ok()).ok_or(FORM)?;
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(FORM.into());
    }
    let mut asked = None;
    for (key, value) in url.query_pairs() {
        match (key.as_ref(), value.as_ref()) {
            ("tls", "required") => asked = Some(Protection::StartTls),
            ("tls", "none") => asked = Some(Protection::None),
            _ => return Err(format!("{FORM}: after the ? only tls=required and tls=none are known")),
        }
    }
    let protection = match (url.scheme(), asked) {
        ("smtps", None) => Protection::Implicit,
        ("smtp", Some(asked)) => asked,
        ("smtp", None) if is_local(&host) => Protection::None,
        ("smtp", None) => Protection::StartTls,
        _ => return Err(FORM.into()),
    };
    if protection == Protection::None && !is_local(&host) && !allow_plaintext {
        return Err("tls=none in LATCHKEY_SMTP_URL would send links that set passwords through the network for all to read: \
                    use tls=required or smtps://, or set LATCHKEY_SMTP_ALLOW_PLAINTEXT=true if the network between is yours alone"
            .into());
    }
    let port = url.port().unwrap_or(match protection {
        Protection::Implicit => smtp::SUBMISSIONS_PORT,
        Protection::StartTls => smtp::SUBMISSION_PORT,
        Protection::None => smtp::SMTP_PORT,
    });
    Ok(Server { host, port, protection, login: login(&url)? })
}

fn login(url: &Url) -> Result<Option<(String, Secret)>, String> {
    let decoded = |text: &str| {
        let plain = percent_encoding::percent_decode_str(text).decode_utf8();
        plain.map(std::borrow::Cow::into_owned).map_err(|_| FORM.to_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(format!("{FORM}: a username and a password belong together")),
        (user, Some(password)) => Ok(Some((decoded(user)?, Secret::new(decoded(password)?)))),
    }
}

fn is_local(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

fn failure(error: &smtp::Error) -> Failure {
    // What the server answered is told by its number. Anything else comes from here or from below, and holds no mail.
    let reason = match error.status() {
        Some(code) if error.is_permanent() => format!("the mail server refused it ({code})"),
        Some(code) => format!("the mail server put it off ({code})"),
        None if is_timeout(error) => "the mail server did not answer in time".into(),
        None if error.is_tls() => "no TLS with the mail server".into(),
        None if error.is_response() => "the mail server's answer could not be understood".into(),
        None if error.is_client() => "the mail server offers no way of doing it that the settings allow".into(),
        None => "the mail server cannot be reached".into(),
    };
    let cause = std::iter::successors(std::error::Error::source(error), |cause| cause.source()).last();
    let cause = cause.filter(|_| error.status().is_none() && !error.is_response());
    let again = !error.is_permanent() && !error.is_client();
    Failure { reason, again, cause: cause.map(ToString::to_string).unwrap_or_default() }
}

/// Whether time ran out, which systems tell by one of two names.
fn is_timeout(error: &smtp::Error) -> bool {
    use std::io::ErrorKind;
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let kinds = causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    kinds.into_iter().any(|kind| matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, allow: bool) -> Result<(Protection, u16), String> {
        server(&Secret::new(url.into()), allow).map(|server| (server.protection, server.port))
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        for local in ["smtp://localhost", "smtp://127.0.0.1", "smtp://[::1]/", "smtp://127.0.0.1?tls=none"] {
            assert_eq!(read(local, false), Ok((Protection::None, 25)), "{local}");
        }
        for remote in ["mail.example.com", "10.0.0.7", "[2001:db8::1]", "localhost.example.com", "128.0.0.1"] {
            assert_eq!(read(&format!("smtp://{remote}"), false), Ok((Protection::StartTls, 587)), "{remote}");
            assert!(read(&format!("smtp://{remote}?tls=none"), false).is_err(), "{remote}");
            assert_eq!(read(&format!("smtp://{remote}:2525?tls=none"), true), Ok((Protection::None, 2525)), "{remote}");
            assert_eq!(read(&format!("smtps://{remote}"), false), Ok((Protection::Implicit, 465)), "{remote}");
        }
        assert_eq!(read("smtp://127.0.0.1:1587?tls=required", false), Ok((Protection::StartTls, 1587)));
    }

    #[test]
    fn what_is_wrong_is_told_without_the_password() {
        for wrong in [
            "mail.example.com:hunter2",
            "http://u:hunter2@mail.example.com",
            "smtp://u:hunter2@",
            "smtp://u:hunter2@mail.example.com:99999",
            "smtp://u:hunter2@mail.example.com/hunter2",
            "smtp://u:hunter2@mail.example.com?tls=hunter2",
            "smtp://u:hunter2@mail.example.com?tls=none",
            "smtps://u:hunter2@mail.example.com?tls=required",
            "smtp://:hunter2@mail.example.com",
            "smtp://hunter2@mail.example.com",
            "smtp://u:hunter2%ff@mail.example.com",
        ] {
            let told = read(wrong, false).unwrap_err();
            assert!(told.contains("LATCHKEY_SMTP_URL") && !told.contains("hunter2"), "{wrong}: {told}");
        }
        let server = server(&Secret::new("smtps://mara:p%40ss%3Aword@mail.example.com".into()), false).unwrap();
        let (user, password) = server.login.as_ref().unwrap();
        assert_eq!((user.as_str(), password.reveal()), ("mara", "p@ss:word"));
        assert!(!format!("{server:?}").contains("p@ss"), "{server:?}");
    }
}
