//! TLS: the certificate that is served, and how it is changed while the relay runs.

use std::{
    fmt, fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::counters::Counters;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What the relay speaks below TLS.
const PROTOCOL: &[u8] = b"http/1.1";

/// Where the certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that it is signed with, in that order: PEM.
    pub cert: PathBuf,
    /// Its private key: PEM.
    pub key: PathBuf,
}

/// Why a certificate cannot be served.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no certificate in it.
    #[error("{0} has no certificate in PEM form (-----BEGIN CERTIFICATE-----)")]
    NoCertificate(PathBuf),
    /// There is no key in it.
    #[error("{0} has no private key in PEM form (-----BEGIN PRIVATE KEY-----, not encrypted)")]
    NoKey(PathBuf),
    /// They cannot be used.
    #[error("the certificate {cert} and the key {key} cannot be used: {source}")]
    Unusable {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

/// The certificate that is served now.
pub struct Certificates {
    files: TlsFiles,
    current: Mutex<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// Of the files when they were last looked at, whether they could be used or not: what is
    /// wrong with them is told once.
    seen: Seen,
}

/// A digest of both files; none if they could not be read.
type Seen = Option<[u8; 32]>;

impl TlsFiles {
    /// Whether they can be served.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn check(&self) -> Result<(), TlsError> {
        let (cert, key) = self.read()?;
        self.config(&cert, &key).map(drop)
    }

    fn read(&self) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
        let read = |path: &PathBuf| {
            fs::read(path).map_err(|source| TlsError::Unreadable {
                path: path.clone(),
                source,
            })
        };
        Ok((read(&self.cert)?, read(&self.key)?))
    }

    fn config(&self, cert: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
        let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(cert).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| TlsError::NoCertificate(self.cert.clone()))?;
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey(self.key.clone()))?;
        let unusable = |source| TlsError::Unusable {
            cert: self.cert.clone(),
            key: self.key.clone(),
            source,
        };
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unusable)?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Arc::new(config))
    }
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let (cert, key) = files.read()?;
        let config = files.config(&cert, &key)?;
        let seen = Some(digest(&cert, &key));
        Ok(Self {
            files,
            current: Mutex::new(Current { config, seen }),
        })
    }

    /// What a handshake that begins now is made with.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current().config)
    }

    /// Reads the files again, and serves what is in them from now on, if that can be used.
    ///
    /// # Errors
    /// [`TlsError`]; the certificate before goes on to be served.
    pub fn reload(&self) -> Result<(), TlsError> {
        let read = self.files.read();
        let seen = read.as_ref().ok().map(|(cert, key)| digest(cert, key));
        self.current().seen = seen;
        let (cert, key) = read?;
        let config = self.files.config(&cert, &key)?;
        self.current().config = config;
        Ok(())
    }

    /// Looks at the files now and then, until told to stop.
    pub async fn follow(self: Arc<Self>, counters: Arc<Counters>, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(LOOK_EVERY) => self.look(&counters).await,
            }
        }
    }

    /// Reads the files again if they have changed since they were last looked at.
    pub async fn look(self: &Arc<Self>, counters: &Counters) {
        let this = Arc::clone(self);
        let changed = tokio::task::spawn_blocking(move || this.has_changed()).await;
        if changed.unwrap_or(false) {
            self.reload_and_tell(counters).await;
        }
    }

    /// Reads the files again, whether they have changed or not.
    pub async fn reload_and_tell(self: &Arc<Self>, counters: &Counters) {
        let this = Arc::clone(self);
        let Ok(reloaded) = tokio::task::spawn_blocking(move || this.reload()).await else {
            return;
        };
        let cert = self.files.cert.display();
        match reloaded {
            Ok(()) => {
                counters.tls_reloads.add(1);
                tracing::info!(%cert, "the certificate was read again, and is served from now on");
            }
            Err(error) => {
                counters.tls_reloads_failed.add(1);
                tracing::error!(%error, "the certificate before goes on to be served");
            }
        }
    }

    fn has_changed(&self) -> bool {
        let read = self.files.read();
        let seen = read.ok().map(|(cert, key)| digest(&cert, &key));
        self.current().seen != seen
    }

    /// Whole after every statement that can panic.
    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

fn digest(cert: &[u8], key: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((cert.len() as u64).to_le_bytes());
    hash.update(cert);
    hash.update(key);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(files: &TlsFiles) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&files.cert, made.cert.pem()).unwrap();
        fs::write(&files.key, made.key_pair.serialize_pem()).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn files_that_change_are_read_again_and_bad_ones_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            cert: folder.path().join("cert.pem"),
            key: folder.path().join("key.pem"),
        };
        write(&files);
        let certificates = Arc::new(Certificates::load(files.clone()).unwrap());
        let counters = Arc::new(Counters::default());
        let stop = CancellationToken::new();
        let following = Arc::clone(&certificates).follow(Arc::clone(&counters), stop.clone());
        let following = tokio::spawn(following);
        let told = || {
            (
                counters.tls_reloads.get(),
                counters.tls_reloads_failed.get(),
            )
        };

        let first = certificates.config();
        sleep(10 * LOOK_EVERY).await;
        assert_eq!(told(), (0, 0), "nothing has changed");
        assert!(Arc::ptr_eq(&first, &certificates.config()));

        write(&files);
        while told() != (1, 0) {
            sleep(LOOK_EVERY).await;
        }
        let second = certificates.config();
        assert!(!Arc::ptr_eq(&first, &second));

        fs::write(&files.key, "half of it").unwrap();
        while told() != (1, 1) {
            sleep(LOOK_EVERY).await;
        }
        sleep(10 * LOOK_EVERY).await;
        assert_eq!(told(), (1, 1), "told once");
        assert!(Arc::ptr_eq(&second, &certificates.config()));

        write(&files);
        while told() != (2, 1) {
            sleep(LOOK_EVERY).await;
        }
        stop.cancel();
        following.await.unwrap();
    }
}
