//! The control socket: a Unix socket that the exchange's thread polls between ticks.
//!
//! Nothing here blocks. Connections, command lines and replies are bounded; a connection that does not read its replies
//! is not read from, and one that sends a line without end is closed.

use super::control::{MAX_COMMAND, Plugs, Session};
use super::switch::Exchange;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Most connections at a time; more are closed at once.
const MAX_CONNECTIONS: usize = 16;
/// A connection with this much unread reply is not served until it reads.
const MAX_REPLY: usize = 1 << 20;

/// Serves the control socket at a path; removes the path when dropped.
#[derive(Debug)]
pub(crate) struct ControlServer {
    listener: UnixListener,
    path: PathBuf,
    connections: Vec<Connection>,
}

#[derive(Debug)]
struct Connection {
    stream: UnixStream,
    session: Session,
    command: Vec<u8>,
    reply: Vec<u8>,
    closing: bool,
}

impl ControlServer {
    /// Listens at `path`. A socket that a program left behind there is replaced; only the owner may connect.
    ///
    /// # Errors
    /// When the path is in use, is no socket, or cannot be made.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        if let Ok(found) = std::fs::symlink_metadata(path) {
            if !found.file_type().is_socket() {
                return Err(io::Error::new(ErrorKind::AlreadyExists, "the control path exists and is no socket"));
            }
            if UnixStream::connect(path).is_ok() {
                return Err(io::Error::new(ErrorKind::AddrInUse, "another exchange serves this control path"));
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        // From here on the path is ours to remove.
        let server = Self { listener, path: path.to_owned(), connections: Vec::new() };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        server.listener.set_nonblocking(true)?;
        Ok(server)
    }

    /// Serves what there is to serve.
    pub(crate) fn poll(&mut self, exchange: &mut Exchange, plugs: &mut dyn Plugs) {
        while let Ok((stream, _)) = self.listener.accept() {
            if self.connections.len() < MAX_CONNECTIONS && stream.set_nonblocking(true).is_ok() {
                let session = Session::new(exchange);
                self.connections.push(Connection {
                    stream,
                    session,
                    command: Vec::new(),
                    reply: Vec::new(),
                    closing: false,
                });
            }
        }
        self.connections.retain_mut(|connection| connection.poll(exchange, plugs));
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Connection {
    /// False when the connection is over.
    fn poll(&mut self, exchange: &mut Exchange, plugs: &mut dyn Plugs) -> bool {
        // At most so many rounds at a time: one connection must not hold up the line clock.
        for _ in 0..8 {
            if !self.send() {
                return false;
            }
            if self.reply.len() > MAX_REPLY {
                return true;
            }
            if self.closing {
                return !self.reply.is_empty();
            }
            let mut buffer = [0; 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => self.closing = true,
                Ok(n) => self.command.extend_from_slice(buffer.get(..n).unwrap_or(&[])),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
            while let Some(end) = self.command.iter().position(|&b| b == b'\n') {
                let line: Vec<u8> = self.command.drain(..=end).collect();
                let reply = match std::str::from_utf8(&line) {
                    Ok(text) if text.trim().is_empty() => continue,
                    Ok(text) => self.session.reply(text, exchange, plugs),
                    Err(_) => "err not UTF-8\n".to_owned(),
                };
                self.reply.extend_from_slice(reply.as_bytes());
            }
            if self.command.len() > MAX_COMMAND {
                self.command.clear();
                self.reply.extend_from_slice(b"err the line is too long\n");
                self.closing = true;
            }
        }
        true
    }

    fn send(&mut self) -> bool {
        while !self.reply.is_empty() {
            match self.stream.write(&self.reply) {
                Ok(0) => return false,
                Ok(n) => {
                    self.reply.drain(..n);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }
}
