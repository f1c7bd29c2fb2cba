//! The bare handler that pages are compared with: the same framework with the same number of workers, and nothing else.

use std::io::Write;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use actix_web::{App, HttpResponse, HttpServer, web};

use crate::Outcome;
use crate::process::{Running, on_the_server_core};

/// As many as the portal has.
const WORKERS: usize = 2;

/// A bare handler under way.
pub struct Bare {
    pub process: Running,
    pub port: u16,
}

/// Starts this program once more, as the bare handler.
pub fn start() -> Outcome<Bare> {
    let mut process: Running = on_the_server_core(&std::env::current_exe()?)
        .args(["--bare", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()?
        .into();
    let mut line = String::new();
    BufReader::new(process.child().stdout.take().ok_or("no output")?).read_line(&mut line)?;
    Ok(Bare { process, port: line.trim().parse()? })
}

/// `GET /{n}` answers so many bytes of text.
pub fn serve(listen: &str) -> Outcome<()> {
    let listener = std::net::TcpListener::bind(listen)?;
    let server = HttpServer::new(|| {
        App::new().route(
            "/{bytes}",
            web::get().to(|bytes: web::Path<usize>| async move {
                // As a page is: text that was made for this request.
                HttpResponse::Ok().content_type("text/html; charset=utf-8").body("x".repeat(bytes.into_inner()))
            }),
        )
    });
    writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
    Ok(actix_web::rt::System::new().block_on(server.workers(WORKERS).listen(listener)?.run())?)
}
