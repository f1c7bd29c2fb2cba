//! How to tell that something was committed to the embedded store, by this process or another, for a tenth of what a statement costs.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How long the header of the index of the write-ahead log is (SQLite's *WAL-mode File Format*, under *The WAL-Index Header*).
const HEADER: usize = 48;

/// The index of the write-ahead log, which SQLite shares between processes as a file beside the store's. Each commit writes its
/// header anew before it returns: the header counts commits, and has a checksum over where the log ends.
///
/// Two things must be right about the file. It has to stay the one that SQLite uses, which it is for as long as a connection is open:
/// the pool for checks never closes its own. And it must not be closed before all connections of this process are, since closing any
/// handle on a file lets go of all locks that the process has on it (`fcntl(2)`), those of SQLite among them.
pub(super) struct Commits(File);

/// Where the store stood. Two that are the same have no commit between them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mark([u8; HEADER]);

impl Commits {
    /// Those to the store in `file`, to which a connection is open already.
    pub fn of(file: &Path) -> io::Result<Self> {
        // SQLite puts it beside the file that a link leads to.
        let mut index = file.canonicalize()?.into_os_string();
        index.push("-shm");
        File::open(index).map(Self)
    }

    /// Where the store stands.
    pub fn mark(&self) -> io::Result<Mark> {
        let mut header = [0; HEADER];
        self.0.read_exact_at(&mut header, 0)?;
        Ok(Mark(header))
    }
}
