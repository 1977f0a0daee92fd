//! `galerne config check`

use crate::{config::Settings, failure::Failure, output::Output};

pub(crate) fn check(settings: &Settings, output: Output) -> Result<(), Failure> {
    output.show(&settings.describe(), settings)
}
