//! Any bytes as a modem's answers, and as a command line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loopstart_signal::at::command::{Command, Commands, Form};
use loopstart_signal::at::{ResultCode, Splitter, integers, ranges_contain, value};

fuzz_target!(|bytes: &[u8]| {
    let mut splitter = Splitter::<64>::new();
    for byte in bytes {
        if let Some(line) = splitter.push(*byte) {
            assert!(!line.bytes.is_empty() && line.bytes.len() <= 64);
            let line = line.bytes;
            let _ = (ResultCode::verbose(line), ResultCode::numeric(line), ranges_contain(line, 8));
            assert!(value(line, b"+VCID").len() <= line.len());
            assert!(integers(line).count() <= line.len());
        }
    }
    if let Some(line) = splitter.partial() {
        assert!(!line.bytes.is_empty());
    }

    let mut commands = Commands::new(bytes);
    let mut rest = bytes.len();
    while let Some(Ok(command)) = commands.next() {
        assert!(commands.rest().len() < rest, "a command takes something");
        rest = commands.rest().len();
        match command {
            Command::Dial(text) | Command::Store { number: text, .. } => {
                assert!(text.elements().count() <= bytes.len());
            }
            Command::Extended { form: Form::Set(parameters), .. } => {
                for parameter in parameters.iter() {
                    let _ = (parameter.number(), parameter.hex(), parameter.string::<32>());
                }
            }
            _ => {}
        }
    }
});
