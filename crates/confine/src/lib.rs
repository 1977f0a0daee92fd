//! What a process gives up for good, as far as the kernel lets it: files, network, system calls,
//! capabilities and resources.
//!
//! A [`Confinement`] says what is left; [`Confinement::apply`] gives up the rest and returns what
//! the kernel granted, which is never assumed. A process confines itself before it makes threads,
//! so that all of them are confined. [`Worker`] runs work on what nobody vouches for in a process
//! of its own: it confines itself with [`enter`] before it reads the first byte, or with
//! [`enter_dialogue`] where it is asked and answers more than once.
//!
//! Nothing can be taken back. Elsewhere than on Linux nothing is granted, and that is what is
//! reported.
//! **Never here:** what is worked on, settings, the network.

mod confinement;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod granted;
#[cfg(target_os = "linux")]
mod linux;
mod worker;

#[cfg(not(target_os = "linux"))]
use elsewhere as system;
#[cfg(target_os = "linux")]
use linux as system;

pub use confinement::{ApplyError, Confinement, Descriptors, Limits, Network, Programs};
pub use granted::{Grant, Granted};
pub use worker::{Answer, Dialogue, Order, Worker, WorkerError, enter, enter_dialogue};
