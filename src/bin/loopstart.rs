//! The `loopstart` command.

fn main() -> std::process::ExitCode {
    loopstart::cli::main()
}
