//! System calls, by seccomp: what nothing here needs is answered with an error.
//!
//! Calls that are denied are listed, not those that are allowed: the C library and the kernel gain
//! calls with every version, and a server that dies of one that nobody knew yet helps nobody. What
//! would go round the list is denied as a whole: rings of calls (`io_uring`), calls of other
//! processor modes.

mod list;

use std::{collections::BTreeMap, env::consts::ARCH};

use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompFilter, SeccompRule, TargetArch,
    apply_filter,
};

use self::list::Denied;
use crate::{Grant, Network, Programs};

/// Rules by the number of the call; none of them means always.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Installs two filters, as one can give one answer only.
pub(super) fn apply(network: &Network, programs: &Programs) -> Result<Grant, Error> {
    let Ok(processor) = TargetArch::try_from(ARCH) else {
        return Ok(Grant::Missing(format!("no filter is known for {ARCH}")));
    };
    let Denied { forbidden, unknown } = list::denied(network, programs)?;
    // As a kernel would answer that does not have them: callers then do the same in an older way.
    let mut first = OTHER_MODES.to_vec();
    first.extend(program(unknown, libc::ENOSYS, processor)?);
    for program in [first, program(forbidden, libc::EPERM, processor)?] {
        match apply_filter(&program) {
            Ok(()) => {}
            Err(Error::Seccomp(error) | Error::Prctl(error)) => {
                return Ok(Grant::Missing(error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Grant::Whole)
}

fn program(rules: Rules, answer: i32, processor: TargetArch) -> Result<BpfProgram, BackendError> {
    let answer = SeccompAction::Errno(answer.cast_unsigned());
    SeccompFilter::new(rules, SeccompAction::Allow, answer, processor)?.try_into()
}

/// Numbers of the x32 mode mean the same calls once more, which the lists would not find.
#[cfg(target_arch = "x86_64")]
const OTHER_MODES: [seccompiler::sock_filter; 3] = {
    use seccompiler::sock_filter;
    const LOAD_WORD: u16 = 0x20;
    const JUMP_IF_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    const X32: u32 = 0x4000_0000;
    const NO_SUCH_CALL: u32 = 0x0005_0000 | libc::ENOSYS.cast_unsigned();
    [
        sock_filter { code: LOAD_WORD, jt: 0, jf: 0, k: 0 },
        sock_filter { code: JUMP_IF_AT_LEAST, jt: 0, jf: 1, k: X32 },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: NO_SUCH_CALL },
    ]
};
#[cfg(not(target_arch = "x86_64"))]
const OTHER_MODES: [seccompiler::sock_filter; 0] = [];
