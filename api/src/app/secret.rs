//! Keys and randomness. Nothing else makes either.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::app::problem::Problem;

/// The characters of a code that is read aloud: Crockford's base 32, without I, L, O and U.
const SPOKEN: &str = "0123456789abcdefghjkmnpqrstvwxyz";

/// Random bytes from the operating system's generator.
#[expect(
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "this is the one source of randomness, and nothing is safe without it"
)]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The crypto library's own generator would add 20 ms to every start.
    getrandom::fill(&mut bytes).expect("the operating system has no randomness");
    bytes
}

/// 256 random bits as text, for an opaque token.
pub fn opaque() -> String {
    BASE64URL_NOPAD.encode(&random::<32>())
}

/// A random number from 0 up to 1, to spread retries.
pub fn jitter() -> f64 {
    f64::from(u32::from_be_bytes(random())) / (f64::from(u32::MAX) + 1.0)
}

/// A code of 13 letters and digits (65 bits) that can be read aloud.
pub fn spoken_code() -> String {
    random::<13>().iter().map(|byte| char::from(SPOKEN.as_bytes()[usize::from(byte & 31)])).collect()
}

/// A code as somebody typed it, without spaces and hyphens, with look-alikes replaced (`o` by `0`, `l` by `1`).
fn normalized(code: &str) -> String {
    let letters = code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64);
    letters
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect()
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Hexadecimal text, for a path or a log.
pub fn hexadecimal(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    /// Seeds of the keys that sign access tokens; the first signs, all verify.
    access: Vec<AccessSeed>,
    /// Key for the hashes of refresh tokens and invitation codes.
    refresh: String,
    /// Key for the tokens of unsubscribe links.
    unsubscribe: String,
    /// Seed of the key that signs the block hashes of the audit log.
    audit: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessSeed {
    kid: String,
    seed: String,
}

/// A key for access tokens.
pub struct AccessKey {
    /// Its id in a token's header.
    pub kid: String,
    /// The private half, PKCS#8.
    pub private: Zeroizing<Vec<u8>>,
    /// The public half, 32 bytes.
    pub public: Vec<u8>,
}

/// The keys of this installation. Each serves one purpose.
pub struct Secrets {
    access: Vec<AccessKey>,
    refresh: hmac::Key,
    unsubscribe: hmac::Key,
    audit: Ed25519KeyPair,
}

impl Secrets {
    /// Whether the data folder has a key file.
    pub fn are_there(data: &Path) -> Result<bool, String> {
        let path = data.join("keys.json");
        path.try_exists().map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Reads `keys.json` in the data folder. Creates it on the first start. Refuses a file that others can read.
    pub fn open(data: &Path) -> Result<Self, String> {
        let path = data.join("keys.json");
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        if !path.try_exists().map_err(|error| failed(&error))? {
            make(data, &path).map_err(|error| failed(&error))?;
        }
        let mut file = File::open(&path).map_err(|error| failed(&error))?;
        let mode = file.metadata().map_err(|error| failed(&error))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(failed(&format!(
                "other users can read the keys (mode {:o}); run chmod 600 on it",
                mode & 0o777
            )));
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(|error| failed(&error))?;
        let keys: KeyFile = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        Self::read(&keys).map_err(|reason| failed(&reason))
    }

    fn read(keys: &KeyFile) -> Result<Self, String> {
        let access: Result<Vec<_>, String> = keys
            .access
            .iter()
            .map(|key| {
                let pair = pair(&key.seed)?;
                let private = pair.to_pkcs8().map_err(|_| "an access key cannot be used".to_owned())?;
                let private = Zeroizing::new(private.as_ref().to_vec());
                Ok(AccessKey { kid: key.kid.clone(), private, public: pair.public_key().as_ref().to_vec() })
            })
            .collect();
        let access = access?;
        if access.is_empty() {
            return Err("there is no access key".to_owned());
        }
        Ok(Self {
            access,
            refresh: hmac::Key::new(hmac::HMAC_SHA256, &bytes(&keys.refresh)?),
            unsubscribe: hmac::Key::new(hmac::HMAC_SHA256, &bytes(&keys.unsubscribe)?),
            audit: pair(&keys.audit)?,
        })
    }

    /// The keys of access tokens: the first signs, all verify.
    pub fn access(&self) -> &[AccessKey] {
        &self.access
    }

    /// The hash under which a refresh token is stored.
    pub fn refresh_hash(&self, token: &str) -> [u8; 32] {
        self.keyed_hash(b"refresh\0", token)
    }

    /// The hash under which an invitation code is stored. Takes the code as it was made or as somebody typed it.
    pub fn code_hash(&self, code: &str) -> [u8; 32] {
        self.keyed_hash(b"invite\0", &normalized(code))
    }

    fn keyed_hash(&self, purpose: &[u8], text: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.refresh, &[purpose, text.as_bytes()].concat());
        let mut hash = [0; 32];
        hash.copy_from_slice(tag.as_ref());
        hash
    }

    /// The token of an unsubscribe link.
    pub fn unsubscribe_token(&self, id: Uuid) -> String {
        let tag = hmac::sign(&self.unsubscribe, id.as_bytes());
        BASE64URL_NOPAD.encode(&[id.as_bytes().as_slice(), &tag.as_ref()[..16]].concat())
    }

    /// The id in the token of an unsubscribe link, if we made the token.
    pub fn unsubscribe_id(&self, token: &str) -> Option<Uuid> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok().filter(|bytes| bytes.len() == 32)?;
        let id = Uuid::from_slice(&bytes[..16]).ok()?;
        let ours = self.unsubscribe_token(id);
        aws_lc_rs::constant_time::verify_slices_are_equal(ours.as_bytes(), token.as_bytes()).ok()?;
        Some(id)
    }

    /// Signs the hash of an audit log block.
    pub fn sign_head(&self, head: &[u8]) -> Result<Vec<u8>, Problem> {
        let signature = self.audit.try_sign(head).map_err(Problem::internal)?;
        Ok(signature.as_ref().to_vec())
    }

    /// Whether we signed this hash of an audit log block.
    pub fn is_our_head(&self, head: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.audit.public_key().as_ref()).verify(head, signature).is_ok()
    }
}

fn bytes(text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok().filter(|bytes| bytes.len() == 32);
    bytes.map(Zeroizing::new).ok_or_else(|| "a key is not 32 bytes of base64url".to_owned())
}

fn pair(seed: &str) -> Result<Ed25519KeyPair, String> {
    Ed25519KeyPair::from_seed_unchecked(&bytes(seed)?).map_err(|_| "a key cannot be used".to_owned())
}

/// Writes a new key file. A copy that starts at the same time finds either no file or a complete one.
fn make(data: &Path, path: &Path) -> std::io::Result<()> {
    let kid = hexadecimal(&random::<8>());
    let access = vec![AccessSeed { kid, seed: opaque() }];
    let keys = KeyFile { access, refresh: opaque(), unsubscribe: opaque(), audit: opaque() };
    let text = Zeroizing::new(serde_json::to_vec_pretty(&keys)?);
    let draft = data.join(format!("keys.{}.new", hexadecimal(&random::<8>())));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written =
        file.write_all(&text).and_then(|()| file.sync_all()).and_then(|()| {
            match std::fs::hard_link(&draft, path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
                linked => linked,
            }
        });
    std::fs::remove_file(&draft)?;
    written?;
    File::open(data)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_others_cannot_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let first = Secrets::open(folder.path()).unwrap();
        let again = Secrets::open(folder.path()).unwrap();
        assert_eq!(first.access()[0].public, again.access()[0].public);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let path = folder.path().join("keys.json");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Secrets::open(folder.path()).is_err());
    }

    #[test]
    fn a_forged_unsubscribe_token_has_no_id() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(folder.path()).unwrap();
        let id = Uuid::from_bytes(random());
        let token = secrets.unsubscribe_token(id);
        assert_eq!(secrets.unsubscribe_id(&token), Some(id));
        for place in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(secrets.unsubscribe_id(&String::from_utf8(forged).unwrap()), None);
        }
    }

    #[test]
    fn a_code_may_be_typed_with_look_alikes_spaces_and_hyphens() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(folder.path()).unwrap();
        assert_eq!(spoken_code().len(), 13);
        assert_eq!(secrets.code_hash("0abc1-defgh 111"), secrets.code_hash("OABCIDEFGHLil"));
    }
}
