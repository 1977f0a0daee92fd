//! What is signed: which files make up a model, and the SHA-256 of each.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    fmt::Write as _,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";
const ALGORITHM: &str = "sha256";
const METHOD: &str = "files";

/// The name of the file of a model that is one file.
pub const SINGLE_FILE: &str = ".";
/// Files that one statement may list; real models have up to some hundreds.
pub const FILES_MAX: usize = 65_536;
/// Longest name of a file in bytes, as most systems have it for paths.
const NAME_BYTES_MAX: usize = 4096;

/// SHA-256 of a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileDigest(pub [u8; 32]);

impl FileDigest {
    /// Of the bytes of a file.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// From 64 lower-case hexadecimal digits; `None` if the text is anything else.
    pub fn from_hexadecimal(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 64 || !text.bytes().all(is_digit) {
            return None;
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for FileDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal(&self.0))
    }
}

impl fmt::Debug for FileDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileDigest({self})")
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// Why a statement is none that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedStatement {
    /// Not the JSON of a statement.
    #[error("not the JSON of an in-toto statement about a model: {reason}")]
    Json {
        /// What the parser says.
        reason: String,
    },
    /// A kind of statement, of predicate, of serialisation or of digest that is not known here.
    #[error("`{field}` is `{found}`, and only `{expected}` can be verified")]
    Unsupported {
        /// The field that says so.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// There must be exactly one subject.
    #[error("the statement is about {count} subjects, and one was expected")]
    Subjects {
        /// How many there are.
        count: usize,
    },
    /// A name that no file inside a model has.
    #[error("`{name}` is not the name of a file inside a model")]
    FileName {
        /// The name, shortened.
        name: String,
    },
    /// One name, two digests.
    #[error("the file `{name}` is listed twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A digest that is not 64 lower-case hexadecimal digits.
    #[error("the digest of `{name}` is not 64 lower-case hexadecimal digits")]
    Digest {
        /// The name of the file, or of the model.
        name: String,
    },
    /// Nothing, or too much, is listed.
    #[error("the statement lists {count} files; 1 to {FILES_MAX} are possible")]
    Count {
        /// How many there are.
        count: usize,
    },
    /// The digest of the whole is not that of the list.
    #[error("the digest of the model is not that of its list of files")]
    Root,
}

/// A model and its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    name: String,
    files: BTreeMap<String, FileDigest>,
}

/// How files differ from those that were signed; each list is sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Signed with another digest.
    pub changed: Vec<String>,
    /// Signed, and not there.
    pub missing: Vec<String>,
    /// There, and not signed.
    pub unsigned: Vec<String>,
}

impl Differences {
    /// Whether there are none.
    pub fn is_equal(&self) -> bool {
        self.changed.is_empty() && self.missing.is_empty() && self.unsigned.is_empty()
    }
}

impl Statement {
    /// About a model of this name, which only informs, and its files: names relative to the model
    /// with `/` between folders, or the one name [`SINGLE_FILE`].
    ///
    /// # Errors
    /// [`MalformedStatement`] for names that no file has, twice the same one, too many or none.
    pub fn new(
        name: &str,
        files: impl IntoIterator<Item = (String, FileDigest)>,
    ) -> Result<Self, MalformedStatement> {
        let mut listed = BTreeMap::new();
        for (file, digest) in files {
            check_name(&file)?;
            if listed.insert(file.clone(), digest).is_some() {
                return Err(MalformedStatement::Duplicate { name: file });
            }
        }
        check_count(listed.len())?;
        check_alone(&listed)?;
        Ok(Self { name: name.to_owned(), files: listed })
    }

    /// What the signer called the model. Nothing follows from it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The files by name.
    pub fn files(&self) -> impl Iterator<Item = (&str, FileDigest)> {
        self.files.iter().map(|(name, digest)| (name.as_str(), *digest))
    }

    /// How these files differ from those that were signed.
    pub fn compare(&self, files: &[(String, FileDigest)]) -> Differences {
        let mut found = Differences::default();
        let mut names = HashSet::with_capacity(files.len());
        for (name, digest) in files {
            names.insert(name.as_str());
            match self.files.get(name) {
                Some(signed) if signed == digest => {}
                Some(_) => found.changed.push(name.clone()),
                None => found.unsigned.push(name.clone()),
            }
        }
        let missing = self.files.keys().filter(|name| !names.contains(name.as_str()));
        found.missing = missing.cloned().collect();
        found.changed.sort();
        found.unsigned.sort();
        found
    }

    /// SHA-256 of all digests, one after the other by the names of the files.
    pub fn root(&self) -> FileDigest {
        root(self.in_order().map(|(_, digest)| digest))
    }

    /// `a/b` comes before `a.b`: names are compared folder by folder.
    fn in_order(&self) -> impl Iterator<Item = (&str, FileDigest)> {
        let mut files: Vec<_> = self.files().collect();
        files.sort_by(|(one, _), (other, _)| one.split('/').cmp(other.split('/')));
        files.into_iter()
    }

    pub(crate) fn to_json(&self) -> String {
        let resources = self.in_order().map(|(name, digest)| Resource {
            name: name.to_owned(),
            algorithm: ALGORITHM.to_owned(),
            digest: digest.to_string(),
        });
        let wire = Wire {
            kind: STATEMENT_TYPE.to_owned(),
            subject: vec![Subject {
                name: self.name.clone(),
                digest: SubjectDigest { sha256: self.root().to_string() },
            }],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Predicate {
                serialization: Serialization {
                    method: METHOD.to_owned(),
                    hash_type: ALGORITHM.to_owned(),
                    allow_symlinks: false,
                },
                resources: resources.collect(),
            },
        };
        // Strings and booleans always serialise.
        serde_json::to_string(&wire).unwrap_or_default()
    }

    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, MalformedStatement> {
        let head: Head = serde_json::from_slice(bytes).map_err(|error| json(&error))?;
        expect("_type", &head.kind, STATEMENT_TYPE)?;
        expect("predicateType", &head.predicate_type, PREDICATE_TYPE)?;
        let Wire { subject, predicate, .. } =
            serde_json::from_slice(bytes).map_err(|error| json(&error))?;
        let Predicate { serialization, resources } = predicate;
        expect("method", &serialization.method, METHOD)?;
        expect("hash_type", &serialization.hash_type, ALGORITHM)?;
        check_count(resources.len())?;
        let [Subject { name, digest }] = subject.as_slice() else {
            return Err(MalformedStatement::Subjects { count: subject.len() });
        };
        let expected = FileDigest::from_hexadecimal(&digest.sha256)
            .ok_or_else(|| MalformedStatement::Digest { name: shortened(name) })?;
        let mut files = Vec::with_capacity(resources.len());
        for resource in resources {
            expect("algorithm", &resource.algorithm, ALGORITHM)?;
            let digest = FileDigest::from_hexadecimal(&resource.digest)
                .ok_or_else(|| MalformedStatement::Digest { name: shortened(&resource.name) })?;
            files.push((resource.name, digest));
        }
        if root(files.iter().map(|(_, digest)| *digest)) != expected {
            return Err(MalformedStatement::Root);
        }
        Self::new(name, files)
    }
}

fn root(digests: impl Iterator<Item = FileDigest>) -> FileDigest {
    FileDigest(
        digests.fold(Sha256::new(), |hash, digest| hash.chain_update(digest.0)).finalize().into(),
    )
}

fn json(error: &serde_json::Error) -> MalformedStatement {
    MalformedStatement::Json { reason: shortened(&error.to_string()) }
}

fn expect(
    field: &'static str,
    found: &str,
    expected: &'static str,
) -> Result<(), MalformedStatement> {
    if found == expected {
        return Ok(());
    }
    Err(MalformedStatement::Unsupported { field, found: shortened(found), expected })
}

fn check_count(count: usize) -> Result<(), MalformedStatement> {
    if (1..=FILES_MAX).contains(&count) {
        return Ok(());
    }
    Err(MalformedStatement::Count { count })
}

/// A model that is one file has no others.
fn check_alone(files: &BTreeMap<String, FileDigest>) -> Result<(), MalformedStatement> {
    if files.len() > 1 && files.contains_key(SINGLE_FILE) {
        return Err(MalformedStatement::FileName { name: SINGLE_FILE.to_owned() });
    }
    Ok(())
}

/// Names lead nowhere but into the model, and are spelled in one way only.
fn check_name(name: &str) -> Result<(), MalformedStatement> {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_good = name.len() <= NAME_BYTES_MAX
        && !name.contains('\\')
        && !name.chars().any(char::is_control)
        && name.split('/').all(is_plain);
    if is_good || name == SINGLE_FILE {
        return Ok(());
    }
    Err(MalformedStatement::FileName { name: shortened(name) })
}

/// Texts from outside are shown, but not at any length.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(120).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// What tells a statement about a model from others.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: SubjectDigest,
}

#[derive(Serialize, Deserialize)]
struct SubjectDigest {
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Predicate {
    serialization: Serialization,
    resources: Vec<Resource>,
}

#[derive(Serialize, Deserialize)]
struct Serialization {
    method: String,
    hash_type: String,
    allow_symlinks: bool,
}

#[derive(Serialize, Deserialize)]
struct Resource {
    name: String,
    algorithm: String,
    digest: String,
}
