//! The signals that ask this process to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Ctrl-C: to end what is being done.
    Interrupt,
    /// To end the process.
    Terminate,
}

/// Hears signals from its making on and keeps them until [`Signals::next`] is asked.
///
/// A process makes one and hands it on. The first one takes the signals from the system for good:
/// what arrives while nobody holds one would be lost.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one. Nothing is lost when the wait is given up.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{process::Command, time::Duration};

    use super::*;

    fn send(name: &str) {
        let own = std::process::id().to_string();
        assert!(Command::new("kill").args([name, &own]).status().unwrap().success());
    }

    #[tokio::test]
    async fn a_signal_is_kept_until_somebody_asks() {
        let mut signals = Signals::listen().unwrap();
        for (name, asked) in [("-TERM", Asked::Terminate), ("-INT", Asked::Interrupt)] {
            // A wait that is given up loses nothing.
            let wait = Duration::from_millis(1);
            assert!(tokio::time::timeout(wait, signals.next()).await.is_err());
            send(name);
            assert_eq!(signals.next().await, asked);
        }
    }
}
