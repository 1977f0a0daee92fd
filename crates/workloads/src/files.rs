//! Takes, lists, gives and removes files.

use std::sync::Arc;

use domain::{Caller, Clock, IdSource, Permission};
use governance::{
    Access, AccessError, Action, AuditFact, LINK_HOURS_MAX, LinkKey, LinkPurpose, Linked,
    SignedLink, Subject, Trail,
};

use crate::{
    File, FileContent, FileId, FilePage, FileQuery, FileSource, NAME_CHARACTERS_MAX, Owner,
    Purpose, WorkloadError,
    lines::LineCount,
    ports::{FileDeleted, FileStore, FileWriter},
    room::{Room, Rooms},
};

const HOUR_SECONDS: i64 = 3_600;

/// Files whose time is over that are looked for at a time.
const EXPIRED: u32 = 100;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Of one file.
    pub file_bytes_max: u64,
    /// Of all files of an organisation.
    pub bytes_max: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { file_bytes_max: 512 * 1024 * 1024, bytes_max: 64 * 1024 * 1024 * 1024 }
    }
}

/// What [`Files`] is made of.
pub struct FilesParts {
    pub store: Arc<dyn FileStore>,
    pub access: Access,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub links: LinkKey,
    pub quota: Quota,
}

/// Keeps files of callers. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    pub(crate) store: Arc<dyn FileStore>,
    access: Access,
    trail: Trail,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    links: LinkKey,
    quota: Quota,
    rooms: Rooms,
}

/// What somebody says of a file that was sent.
#[derive(Clone, Debug)]
pub struct Described {
    pub name: String,
    pub purpose: Purpose,
    /// How long it is kept, if not until somebody removes it.
    pub seconds: Option<u32>,
}

impl Files {
    pub fn new(parts: FilesParts) -> Self {
        let FilesParts { store, access, trail, clock, ids, links, quota } = parts;
        Self { store, access, trail, clock, ids, links, quota, rooms: Rooms::default() }
    }

    /// Begins an upload. Nobody sees anything of it before [`Upload::finish`].
    pub async fn begin(&self, caller: &Caller) -> Result<Upload, WorkloadError> {
        let kept = self.store.bytes_kept(caller.organisation).await?;
        let id = FileId::from_uuid(self.ids.next(self.clock.now()));
        let writer = self.store.begin(caller.into(), id).await?;
        let files = self.clone();
        Ok(Upload {
            files,
            room: self.rooms.begin(caller.organisation),
            caller: *caller,
            id,
            writer,
            kept,
            bytes: 0,
            lines: LineCount::default(),
        })
    }

    pub async fn list(
        &self,
        caller: &Caller,
        query: &FileQuery,
    ) -> Result<FilePage, WorkloadError> {
        self.record(Action::FileList, caller, Subject::Nothing).await?;
        let query = FileQuery { at: Some(self.clock.now()), ..*query };
        Ok(self.store.files(caller.into(), &query).await?)
    }

    pub async fn read(&self, caller: &Caller, id: FileId) -> Result<File, WorkloadError> {
        let file = self.find(caller.into(), id).await?;
        self.record(Action::FileRead, caller, Subject::File(id)).await?;
        Ok(file)
    }

    /// The bytes of a file; nothing of them is given before the entry is durable.
    pub async fn content(&self, caller: &Caller, id: FileId) -> Result<FileContent, WorkloadError> {
        let file = self.read(caller, id).await?;
        let reader = self.store.read(caller.into(), id).await?;
        let reader = reader.ok_or(WorkloadError::FileUnknown { id })?;
        Ok(FileContent { file, reader })
    }

    /// A link with which whoever has it reads the file, for so many hours.
    pub async fn link(
        &self,
        caller: &Caller,
        id: FileId,
        hours: u32,
    ) -> Result<String, WorkloadError> {
        if !(1..=LINK_HOURS_MAX).contains(&hours) {
            return Err(WorkloadError::LinkHours);
        }
        self.find(caller.into(), id).await?;
        self.record(Action::FileLink, caller, Subject::File(id)).await?;
        let expires_at = self.clock.now().plus_seconds(HOUR_SECONDS * i64::from(hours));
        let link = SignedLink { maker: *caller, opens: Linked::File(id), expires_at };
        Ok(link.seal(&self.links))
    }

    /// What a link opens, as long as its maker may still read it.
    pub async fn linked(&self, text: &str) -> Result<FileContent, WorkloadError> {
        let now = self.clock.now();
        let link = SignedLink::open(text, LinkPurpose::File, &self.links, now);
        let Some(SignedLink { maker, opens: Linked::File(file), expires_at: _ }) = link else {
            return Err(WorkloadError::LinkInvalid);
        };
        let resumed = self.access.resume(&maker).await;
        let caller = resumed.map_err(|error| match error {
            AccessError::Store(_) | AccessError::Audit(_) => WorkloadError::Access(error),
            _ => WorkloadError::LinkInvalid,
        })?;
        if !caller.permissions.contains(Permission::UseModels) {
            return Err(WorkloadError::LinkInvalid);
        }
        self.content(&caller, file).await
    }

    pub async fn delete(&self, caller: &Caller, id: FileId) -> Result<(), WorkloadError> {
        self.remove(caller, caller.into(), id).await
    }

    /// Removes files whose time is over, none that is held.
    pub(crate) async fn remove_expired(&self) -> Result<(), WorkloadError> {
        loop {
            let expired = self.store.expired(self.clock.now(), EXPIRED).await?;
            if expired.is_empty() {
                return Ok(());
            }
            let operator = self.access.operator().await?;
            let mut removed = 0_u32;
            for &(owner, id) in &expired {
                match self.remove(&operator, owner, id).await {
                    Ok(()) => removed += 1,
                    // Somebody was quicker, or wants it now.
                    Err(
                        WorkloadError::FileUnknown { .. }
                        | WorkloadError::FileInUse { .. }
                        | WorkloadError::Held { .. },
                    ) => {}
                    Err(error) => return Err(error),
                }
            }
            if removed < EXPIRED {
                return Ok(());
            }
        }
    }

    async fn remove(&self, caller: &Caller, owner: Owner, id: FileId) -> Result<(), WorkloadError> {
        let fact = AuditFact::ok(Action::FileDelete, *caller, Subject::File(id));
        let audit = self.trail.entry(&fact).await?;
        match self.store.delete(owner, id, &audit).await? {
            FileDeleted::Done => Ok(()),
            FileDeleted::Unknown => Err(WorkloadError::FileUnknown { id }),
            FileDeleted::Held(id) => Err(WorkloadError::Held { id }),
            FileDeleted::InUse(job) => Err(WorkloadError::FileInUse { job }),
        }
    }

    /// A file of the owner whose time is not over.
    pub(crate) async fn find(&self, owner: Owner, id: FileId) -> Result<File, WorkloadError> {
        let found = self.store.file(owner, id).await?;
        let found = found.filter(|file| !file.is_over(self.clock.now()));
        found.ok_or(WorkloadError::FileUnknown { id })
    }

    async fn record(
        &self,
        action: Action,
        caller: &Caller,
        subject: Subject,
    ) -> Result<(), WorkloadError> {
        Ok(self.trail.record(&AuditFact::ok(action, *caller, subject)).await?)
    }
}

/// A file that is being sent. What is dropped leaves nothing behind.
pub struct Upload {
    files: Files,
    caller: Caller,
    id: FileId,
    writer: Box<dyn FileWriter>,
    /// What the organisation had when it began.
    kept: u64,
    /// With all others that are under way.
    room: Room,
    bytes: u64,
    lines: LineCount,
}

impl Upload {
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), WorkloadError> {
        let Quota { file_bytes_max, bytes_max } = self.files.quota;
        let length = self.bytes.saturating_add(bytes.len() as u64);
        if length > file_bytes_max {
            return Err(WorkloadError::FileTooLarge { bytes_max: file_bytes_max });
        }
        let under_way = self.room.take(bytes.len() as u64);
        if self.kept.saturating_add(under_way) > bytes_max {
            return Err(WorkloadError::NoRoom { bytes: self.kept, bytes_max });
        }
        self.bytes = length;
        self.lines.push(bytes);
        Ok(self.writer.write(bytes).await?)
    }

    /// Makes a file of what was sent. It is durable when this returns.
    pub async fn finish(mut self, described: Described) -> Result<File, WorkloadError> {
        let Described { name, purpose, seconds } = described;
        // It may have taken hours: whoever began it may be let in no longer.
        self.files.access.resume(&self.caller).await?;
        // Others have ended since it began, and others end just now.
        let kept = self.files.store.bytes_kept(self.caller.organisation).await?;
        let bytes_max = self.files.quota.bytes_max;
        if kept.saturating_add(self.room.take(0)) > bytes_max {
            return Err(WorkloadError::NoRoom { bytes: kept, bytes_max });
        }
        self.writer.finish().await?;
        let now = self.files.clock.now();
        let lines = self.lines.count();
        let file = File {
            id: self.id,
            owner: (&self.caller).into(),
            name: name.chars().take(NAME_CHARACTERS_MAX).collect(),
            purpose,
            source: FileSource::Upload,
            bytes: self.bytes,
            lines: purpose.has_lines().then_some(lines),
            created_at: now,
            expires_at: seconds.map(|seconds| now.plus_seconds(i64::from(seconds))),
        };
        let fact = AuditFact::ok(Action::FileCreate, self.caller, Subject::File(self.id));
        let audit = self.files.trail.entry(&fact).await?;
        self.files.store.keep(&file, &audit).await?;
        self.writer.leave();
        Ok(file)
    }
}
