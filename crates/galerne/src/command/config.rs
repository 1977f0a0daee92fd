//! `galerne config check`

use serde_json::to_value;

use crate::{config::Settings, confinement, failure::Failure, output::Output};

pub(crate) fn check(settings: &Settings, output: Output) -> Result<(), Failure> {
    let left = confinement::server(settings)?;
    let mut value = to_value(settings)?;
    let is_confined = settings.confinement.value.server;
    value["left_to_the_server"] = to_value(is_confined.then_some(left))?;
    output.show(&settings.describe(), &value)
}
