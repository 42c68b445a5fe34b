//! A first program: makes one call on an emulated line and prints its states.
//!
//! Run it with `cargo run --example first`. For a real line, name its device instead, for example
//! `serial:/dev/ttyACM0`, and a number that exists.

use loopstart::config::Config;
use loopstart::provider::{
    Address, CallHandle, CallParams, CallState, Command, HostCall, HostLine, LineErr, LineHandle, Notification, Reply,
    RequestId,
};
use loopstart::runtime::{Host, Runtime};
use std::error::Error;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// The host: the provider calls it back, always from the same thread.
struct Program {
    notifications: mpsc::Sender<Notification>,
}

impl Host for Program {
    /// An incoming call. This program takes none.
    fn offer(&self, _: HostLine, _: LineHandle, _: CallHandle) -> Option<HostCall> {
        None
    }

    fn notify(&self, notification: &Notification) {
        // Fails when the program has ended already.
        let _ = self.notifications.send(notification.clone());
    }

    fn complete(&self, _: RequestId, result: Result<(), LineErr>) {
        if let Err(error) = result {
            println!("refused: {error}");
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut config = Config::default();
    config.set_devices(["emulated:0"])?;
    config.emulated.speed = 4.0;

    let (sender, notifications) = mpsc::channel();
    let runtime = Runtime::start(config, Arc::new(Program { notifications: sender }))?;
    let device = *runtime.devices().first().ok_or("no device")?;
    let Reply::Line(line) = runtime.command(Command::OpenLine { device, host: HostLine(1) })? else {
        return Err("no line".into());
    };

    // A modem needs a moment until it has answered its first commands.
    while !runtime.query(|provider| provider.line_status(line))?.in_service {
        std::thread::sleep(Duration::from_millis(10));
    }

    let make_call = Command::MakeCall {
        request: RequestId(1),
        line,
        host: HostCall(1),
        address: Some(Address("5550121".into())), // Always busy.
        country: 0,
        params: CallParams::default(),
    };
    let Reply::Call(call) = runtime.command(make_call)? else {
        return Err("no call".into());
    };

    loop {
        let Notification::CallState { state, .. } = notifications.recv_timeout(Duration::from_secs(60))? else {
            continue;
        };
        println!("{state:?}");
        match state {
            CallState::Busy(_) => {
                runtime.command(Command::Drop { request: RequestId(2), call })?;
            }
            CallState::Idle => break,
            _ => {}
        }
    }
    runtime.close_call(call)?;
    runtime.close_line(line)?;
    runtime.shutdown();
    Ok(())
}
