//! Access tokens. A token says who it is and which session, never what they may do.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use evenkeel_domain::account::{AccountId, DeviceId};
use evenkeel_domain::value::Moment;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::problem::Problem;
use crate::app::secret::{Secrets, sha256};

const AUDIENCE: &str = "evenkeel";
/// Seconds by which two clocks may differ.
const LEEWAY: i64 = 30;
/// A longer text is not one of our tokens.
const LONGEST: usize = 2048;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: Uuid,
    amr: Vec<String>,
    auth_time: i64,
}

#[derive(Clone, Copy)]
struct Verified {
    account: AccountId,
    device: DeviceId,
    from: i64,
    until: i64,
}

struct VerifyKey {
    // The expected first part of a token. Comparing it means that no algorithm, type or key comes from the token.
    header: String,
    key: DecodingKey,
}

/// Issues and verifies access tokens.
pub struct Tokens {
    issuer: String,
    header: Header,
    sign: EncodingKey,
    verify: Vec<VerifyKey>,
    validation: Validation,
    // Verified tokens by their hash. The times are checked on each use.
    seen: moka::sync::Cache<[u8; 32], Arc<Verified>>,
    jwks: serde_json::Value,
}

fn header(kid: &str) -> Header {
    Header { typ: Some("at+jwt".to_owned()), kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) }
}

impl Tokens {
    /// Uses the keys of this installation.
    pub fn new(secrets: &Secrets, issuer: &str) -> Result<Self, String> {
        let signer = secrets.access().first().ok_or("there is no access key")?;
        let mut verify = vec![];
        let mut keys = vec![];
        for key in secrets.access() {
            let written = serde_json::to_vec(&header(&key.kid)).map_err(|error| error.to_string())?;
            verify.push(VerifyKey {
                header: BASE64URL_NOPAD.encode(&written),
                key: DecodingKey::from_ed_der(&key.public),
            });
            keys.push(serde_json::json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                "kid": key.kid, "x": BASE64URL_NOPAD.encode(&key.public),
            }));
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        // `verify` compares the times with our own clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self {
            issuer: issuer.to_owned(),
            header: header(&signer.kid),
            sign: EncodingKey::from_ed_der(&signer.private),
            verify,
            validation,
            seen: moka::sync::Cache::new(16_384),
            jwks: serde_json::json!({ "keys": keys }),
        })
    }

    /// Issues a token for one session, valid for `seconds`. `signed_in` is when the password was given.
    pub fn issue(
        &self,
        account: AccountId,
        device: DeviceId,
        signed_in: Moment,
        seconds: u32,
        id: Uuid,
        now: Moment,
    ) -> Result<String, Problem> {
        let now = Timestamp::from(now).as_second();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: account.into(),
            sid: device.into(),
            iat: now,
            nbf: now,
            exp: now + i64::from(seconds),
            jti: id,
            amr: vec!["pwd".to_owned()],
            auth_time: Timestamp::from(signed_in).as_second(),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.sign).map_err(Problem::internal)
    }

    /// The account and session of a token, if we issued it and it is valid now.
    pub fn verify(&self, token: &str, now: Moment) -> Option<(AccountId, DeviceId)> {
        if LONGEST < token.len() {
            return None;
        }
        let hash = sha256(token.as_bytes());
        let verified = if let Some(verified) = self.seen.get(&hash) {
            verified
        } else {
            let verified = Arc::new(self.check(token)?);
            self.seen.insert(hash, Arc::clone(&verified));
            verified
        };
        let now = Timestamp::from(now).as_second();
        let is_good = verified.from <= now + LEEWAY && now < verified.until + LEEWAY;
        is_good.then_some((verified.account, verified.device))
    }

    fn check(&self, token: &str) -> Option<Verified> {
        let written = token.split('.').next()?;
        let key = self.verify.iter().find(|key| key.header == written)?;
        let claims: Claims = jsonwebtoken::decode(token, &key.key, &self.validation).ok()?.claims;
        Some(Verified {
            account: claims.sub.into(),
            device: claims.sid.into(),
            from: claims.nbf,
            until: claims.exp,
        })
    }

    /// The public keys, for services that verify our tokens (RFC 7517).
    pub fn jwks(&self) -> &serde_json::Value {
        &self.jwks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::secret::random;

    fn moment(seconds: i64) -> Moment {
        Moment::try_from(Timestamp::from_second(seconds).unwrap()).unwrap()
    }

    fn tokens() -> Tokens {
        let folder = tempfile::tempdir().unwrap();
        Tokens::new(&Secrets::open(folder.path()).unwrap(), "http://here").unwrap()
    }

    fn issued(tokens: &Tokens, at: i64) -> String {
        let (account, device) = (Uuid::from_bytes([1; 16]), Uuid::from_bytes([2; 16]));
        tokens
            .issue(account.into(), device.into(), moment(at), 900, Uuid::from_bytes(random()), moment(at))
            .unwrap()
    }

    #[test]
    fn a_token_is_valid_only_for_its_time() {
        let tokens = tokens();
        let token = issued(&tokens, 1_000_000);
        for (at, good) in
            [(999_960, false), (999_975, true), (1_000_000, true), (1_000_929, true), (1_000_930, false)]
        {
            assert_eq!(tokens.verify(&token, moment(at)).is_some(), good, "{at}");
        }
    }

    #[test]
    fn a_forged_token_is_refused() {
        let (ours, theirs) = (tokens(), tokens());
        let token = issued(&ours, 1_000_000);
        let (head, rest) = token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        let none = BASE64URL_NOPAD.encode(br#"{"typ":"at+jwt","alg":"none"}"#);
        let jwt = BASE64URL_NOPAD.encode(br#"{"typ":"JWT","alg":"EdDSA"}"#);
        let hs256 = BASE64URL_NOPAD.encode(br#"{"typ":"at+jwt","alg":"HS256"}"#);
        let foreign = issued(&theirs, 1_000_000);
        let foreign_signature = foreign.rsplit_once('.').unwrap().1;
        let own_claims =
            BASE64URL_NOPAD.encode(br#"{"iss":"http://here","aud":"evenkeel","exp":"9999999999"}"#);
        for forged in [
            format!("{none}.{claims}."),
            format!("{none}.{claims}.{signature}"),
            format!("{jwt}.{claims}.{signature}"),
            format!("{hs256}.{claims}.{signature}"),
            format!("{head}.{claims}."),
            format!("{head}.{claims}.{foreign_signature}"),
            format!("{head}.{own_claims}.{signature}"),
            format!("{head}.{claims}.{signature}.{signature}"),
            format!("{token}="),
            foreign.clone(),
            String::new(),
            "...".to_owned(),
            "a".repeat(5000),
        ] {
            assert_eq!(ours.verify(&forged, moment(1_000_000)), None, "{forged}");
        }
        assert!(ours.verify(&token, moment(1_000_000)).is_some());
    }
}
