//! A port that writes down what passes through it.

use super::{Entry, What};
use crate::{Port, PortError};
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Bytes of one direction that come this soon after one another are one entry.
const TOGETHER: Duration = Duration::from_millis(20);
/// Longest entry.
const LONGEST: usize = 4_096;

/// A port with a transcript of what passes through it.
///
/// It writes while it is used: not for the event thread of a provider.
pub struct Recorded<P, W: Write> {
    port: P,
    log: W,
    begun: Instant,
    /// What is not written yet: whether the host said it, since when, until when.
    open: Option<(bool, Duration, Duration, Vec<u8>)>,
    failed: Option<std::io::Error>,
}

impl<P: Port, W: Write + Send> Recorded<P, W> {
    /// Writes what passes through `port` to `log`, from now on.
    pub fn new(port: P, log: W) -> Self {
        Self { port, log, begun: Instant::now(), open: None, failed: None }
    }

    /// Writes down something that is no byte.
    pub fn note(&mut self, what: What) {
        self.close();
        let entry = Entry { at: self.begun.elapsed(), what };
        self.write(&entry);
    }

    /// Writes what is still open.
    ///
    /// # Errors
    /// The first that the log had.
    pub fn finish(&mut self) -> std::io::Result<()> {
        self.close();
        self.failed.take().map_or(Ok(()), Err)?;
        self.log.flush()
    }

    fn write(&mut self, entry: &Entry) {
        if self.failed.is_none()
            && let Err(error) = writeln!(self.log, "{entry}")
        {
            self.failed = Some(error);
        }
    }

    fn close(&mut self) {
        if let Some((host, at, _, bytes)) = self.open.take() {
            self.write(&Entry { at, what: if host { What::Host(bytes) } else { What::Modem(bytes) } });
        }
    }

    fn passed(&mut self, host: bool, bytes: &[u8]) {
        let now = self.begun.elapsed();
        match &mut self.open {
            Some((side, _, last, all))
                if *side == host && now.saturating_sub(*last) <= TOGETHER && all.len() + bytes.len() <= LONGEST =>
            {
                all.extend_from_slice(bytes);
                *last = now;
            }
            _ => {
                self.close();
                self.open = Some((host, now, now, bytes.to_vec()));
            }
        }
    }
}

impl<P: Port, W: Write + Send> Port for Recorded<P, W> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        let n = self.port.read(buffer)?;
        self.passed(false, buffer.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        let n = self.port.write(bytes)?;
        self.passed(true, bytes.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.port.fd()
    }

    fn set_dtr(&mut self, on: bool) {
        self.port.set_dtr(on);
    }

    fn carrier(&self) -> Option<bool> {
        self.port.carrier()
    }

    fn drained(&self) -> bool {
        self.port.drained()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::MemoryPort;

    #[test]
    fn what_passes_is_written_down() {
        let (near, mut far) = MemoryPort::pair(64);
        let mut port = Recorded::new(near, Vec::new());
        Port::write(&mut port, b"A").unwrap();
        Port::write(&mut port, b"T\r").unwrap();
        far.write(b"\r\nOK\r\n").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(port.read(&mut buffer), Ok(6));
        assert_eq!(port.read(&mut buffer), Err(PortError::WouldBlock));
        port.note(What::Told("ready".into()));
        port.finish().unwrap();
        let text = format!("# source: test\n{}", String::from_utf8(port.log.clone()).unwrap());
        let entries = super::super::Transcript::parse(&text).unwrap().entries;
        let said: Vec<What> = entries.into_iter().map(|e| e.what).collect();
        let host = What::Host(b"AT\r".to_vec());
        // The two writes may be apart on a machine that was busy.
        assert!(said.first() == Some(&host) || said.len() == 4, "{said:?}");
        assert_eq!(said[said.len() - 2..], [What::Modem(b"\r\nOK\r\n".to_vec()), What::Told("ready".into())]);
    }
}
