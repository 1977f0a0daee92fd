//! What a report should be compared with.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use sovereignty::{Framework, Tender};

use crate::{
    config::Settings,
    failure::{Exit, Failure},
};

/// A text whose criteria are listed, every text that there is, and a tender.
pub(crate) struct Wanted {
    pub(crate) framework: Option<Framework>,
    pub(crate) all: Vec<Framework>,
    pub(crate) tender: Option<Tender>,
}

impl Wanted {
    /// `min` is the file of a tender; without it `tender.toml` of the data directory is taken, if
    /// there is one.
    pub(crate) fn read(
        settings: &Settings,
        framework: Option<&str>,
        min: Option<&Path>,
    ) -> Result<Self, Failure> {
        let all = sovereignty::frameworks()?;
        let framework = framework.map(|id| find(&all, id)).transpose()?;
        let beside = settings.data_dir.value.join("tender.toml");
        let min = min.map(Path::to_owned).or_else(|| if_there(beside));
        Ok(Self { framework, all, tender: min.as_deref().map(tender).transpose()? })
    }
}

fn if_there(path: PathBuf) -> Option<PathBuf> {
    let is_absent = fs::metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    (!is_absent).then_some(path)
}

fn find(all: &[Framework], id: &str) -> Result<Framework, Failure> {
    all.iter().find(|framework| framework.id == id).cloned().ok_or_else(|| {
        let ids: Vec<_> = all.iter().map(|framework| framework.id.as_str()).collect();
        Failure::message(format!("there is no framework `{id}`"))
            .exit(Exit::Settings)
            .hint(format!("give one of {}", ids.join(", ")))
    })
}

fn tender(path: &Path) -> Result<Tender, Failure> {
    let wrong = |error: anyhow::Error| {
        let error = error.context(format!("{} is no tender", path.display()));
        Failure::new(Exit::Settings, error)
            .hint("write `name = \"…\"` and under [minimum] lines as `SOV-3 = 2`")
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.into()))?;
    Tender::parse(&text).map_err(|error| wrong(error.into()))
}
