//! Opening the database, and what it lies on.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, StorageBackend, StorageError, TableDefinition};

use super::StoreOpenError;

/// All rows. Its name says which format they have.
pub(super) const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("sessions-1");
/// Pages that are held in memory, in bytes.
const CACHE: usize = 64 << 20;

/// What a database lies on.
pub(super) trait Disk: Send + 'static {
    /// How it is read, written and synced.
    type Backend: StorageBackend;

    /// Its name.
    fn path(&self) -> &Path;

    /// Opens it, and makes it when it is not there.
    ///
    /// # Errors
    /// What the system said.
    fn open(&self) -> io::Result<Self::Backend>;
}

/// A file.
pub(super) struct File {
    path: PathBuf,
}

impl File {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }
}

impl Disk for File {
    type Backend = FileBackend;

    fn path(&self) -> &Path {
        &self.path
    }

    fn open(&self) -> io::Result<FileBackend> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.path)?;
        sync_folder(&self.path)?;
        FileBackend::new(file).map_err(io::Error::other)
    }
}

/// The name of a new file survives a power cut only when its folder is synced.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Opens the database on `disk`, and checks every page of it.
pub(super) fn open(disk: &impl Disk) -> Result<Database, StoreOpenError> {
    let path = disk.path();
    let io = |source| StoreOpenError::Io {
        path: path.to_owned(),
        source,
    };
    let unreadable = |error: &dyn std::error::Error| StoreOpenError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let database = Builder::new()
        .set_cache_size(CACHE)
        .set_check_integrity_on_open(true)
        .create_with_backend(disk.open().map_err(io)?)
        .map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StoreOpenError::InUse(path.to_owned()),
            DatabaseError::Storage(StorageError::Io(source))
                if source.kind() != io::ErrorKind::InvalidData
                    && source.kind() != io::ErrorKind::UnexpectedEof =>
            {
                io(source)
            }
            error => unreadable(&error),
        })?;
    let made = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        transaction.open_table(ROWS)?;
        transaction.commit()?;
        Ok(())
    };
    made().map_err(|error| unreadable(&error))?;
    Ok(database)
}
