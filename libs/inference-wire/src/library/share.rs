use serde::{Deserialize, Serialize};

/// What somebody may do with a library of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ShareLevel {
    /// Searches and reads.
    #[default]
    Viewer,
    /// Besides, adds documents, changes and deletes them.
    Editor,
}

/// To whom a library is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ShareKind {
    /// An account.
    #[default]
    User,
    /// A group of accounts.
    Workspace,
    /// Everybody of the organisation.
    Org,
}

/// To whom a library is to be given, in the place of what was given before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareLibrary {
    /// What they may do.
    pub level: ShareLevel,
    /// The id of the account, of the group, or of the organisation.
    pub share_with_uuid: String,
    /// What it is the id of.
    pub share_with_type: ShareKind,
}

/// From whom a library is to be taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnshareLibrary {
    /// The id of the account, of the group, or of the organisation.
    pub share_with_uuid: String,
    /// What it is the id of.
    pub share_with_type: ShareKind,
}

/// That somebody may use a library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LibraryShare {
    /// The library.
    pub library_id: String,
    /// The organisation of both.
    pub org_id: String,
    /// `Viewer` or `Editor`; `None` of a share that was taken back.
    pub role: String,
    /// What `share_with_uuid` is the id of.
    pub share_with_type: ShareKind,
    /// The id of the account, of the group, or of the organisation.
    pub share_with_uuid: String,
}

/// Who may use a library beside its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LibraryShareList {
    /// All of them.
    pub data: Vec<LibraryShare>,
}
