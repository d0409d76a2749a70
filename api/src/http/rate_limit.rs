//! Limits how often one client address may call the endpoints that need no token.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web::Data};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;

use crate::app::config::Config;
use crate::app::problem::Problem;

/// An endpoint with a limit of its own.
#[derive(Clone, Copy, Debug)]
pub enum LimitedEndpoint {
    /// Signing in.
    SignIn,
    /// Refreshing an access token. It allows six times the attempts, because a clinic's phones share one address.
    Refresh,
    /// Redeeming an invitation.
    Redeem,
}

/// The attempts so far, by endpoint and address.
pub struct RateLimits {
    sign_in: DefaultKeyedRateLimiter<IpAddr>,
    refresh: DefaultKeyedRateLimiter<IpAddr>,
    redeem: DefaultKeyedRateLimiter<IpAddr>,
    proxies: Vec<IpNet>,
}

fn a_minute(attempts: u32) -> DefaultKeyedRateLimiter<IpAddr> {
    let attempts = NonZeroU32::new(attempts).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_minute(attempts))
}

impl RateLimits {
    /// Starts with no attempts and the limits of the settings.
    pub fn new(config: &Config) -> Self {
        Self {
            sign_in: a_minute(config.attempts),
            refresh: a_minute(config.attempts.saturating_mul(6)),
            redeem: a_minute(config.attempts),
            proxies: config.trusted_proxies.clone(),
        }
    }

    /// Counts an attempt. Fails with 429 and the time to wait if there were too many.
    pub fn check(&self, endpoint: LimitedEndpoint, client: Client) -> Result<(), Problem> {
        let limit = match endpoint {
            LimitedEndpoint::SignIn => &self.sign_in,
            LimitedEndpoint::Refresh => &self.refresh,
            LimitedEndpoint::Redeem => &self.redeem,
        };
        limit.check_key(&client.0).map_err(|until| {
            metrics::counter!("evenkeel_attempts_refused_total").increment(1);
            let seconds = until.wait_time_from(DefaultClock::default().now()).as_secs();
            Problem::too_many(u32::try_from(seconds).unwrap_or(u32::MAX).saturating_add(1))
        })
    }

    /// Forgets addresses without recent attempts.
    pub fn tidy(&self) {
        for limit in [&self.sign_in, &self.refresh, &self.redeem] {
            limit.retain_recent();
        }
    }

    fn client(&self, peer: IpAddr, forwarded: Option<&str>) -> IpAddr {
        let is_ours = |address: IpAddr| self.proxies.iter().any(|network| network.contains(&address));
        let mut client = peer.to_canonical();
        // Goes from the nearest hop outward, and believes a hop only if a trusted proxy reported it.
        for hop in forwarded.unwrap_or_default().rsplit(',') {
            let Some(hop) = address(hop.trim()) else { break };
            if !is_ours(client) {
                break;
            }
            client = hop.to_canonical();
        }
        client
    }
}

/// The address of a hop. Some proxies add a port.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|hop| hop.ip()))
}

/// The address that a request comes from. An IPv6 address counts by its /64 network, since one household has all of
/// its 2^64 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(IpAddr);

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        })
    }
}

impl FromRequest for Client {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let peer = request.peer_addr().map(|peer| peer.ip());
        let limits = request.app_data::<Data<RateLimits>>();
        let mut forwarded = String::new();
        for line in request.headers().get_all("x-forwarded-for").filter_map(|line| line.to_str().ok()) {
            forwarded.push_str(if forwarded.is_empty() { "" } else { "," });
            forwarded.push_str(line);
        }
        std::future::ready(match (peer, limits) {
            (Some(peer), Some(limits)) => Ok(limits.client(peer, Some(&forwarded)).into()),
            _ => Err(Problem::internal("a request without a peer")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_limits(proxies: &[&str]) -> RateLimits {
        let trusted_proxies = proxies.iter().map(|network| network.parse().unwrap()).collect();
        RateLimits::new(&Config { trusted_proxies, attempts: 2, ..Config::default() })
    }

    #[test]
    fn only_a_trusted_proxy_says_who_the_client_is() {
        let proxy = "10.0.0.7".parse().unwrap();
        let seen = |limits: &RateLimits, forwarded| limits.client(proxy, forwarded).to_string();
        assert_eq!(seen(&rate_limits(&[]), Some("1.2.3.4")), "10.0.0.7");
        let ours = rate_limits(&["10.0.0.0/8"]);
        assert_eq!(seen(&ours, Some("1.2.3.4")), "1.2.3.4");
        assert_eq!(seen(&ours, Some("6.6.6.6, 1.2.3.4, 10.0.0.9")), "1.2.3.4");
        assert_eq!(seen(&ours, Some("1.2.3.4, nonsense")), "10.0.0.7");
        assert_eq!(seen(&ours, None), "10.0.0.7");
        assert_eq!(seen(&ours, Some("6.6.6.6:80, 7.7.7.7:1234")), "7.7.7.7");
        assert_eq!(seen(&ours, Some("6.6.6.6, 7.7.7.7:1234, 10.0.0.9:443")), "7.7.7.7");
        assert_eq!(seen(&ours, Some("[2001:db8::1]:1234")), "2001:db8::1");
        assert_eq!(seen(&ours, Some("[2001:db8::1]")), "2001:db8::1");
        assert_eq!(seen(&ours, Some("[::ffff:7.7.7.7]:1")), "7.7.7.7");
    }

    #[test]
    fn one_address_cannot_use_up_the_attempts_of_another() {
        let limits = rate_limits(&[]);
        let client = |text: &str| Client::from(text.parse::<IpAddr>().unwrap());
        for _ in 0..2 {
            assert!(limits.check(LimitedEndpoint::SignIn, client("1.1.1.1")).is_ok());
        }
        assert!(limits.check(LimitedEndpoint::SignIn, client("1.1.1.1")).is_err());
        assert!(limits.check(LimitedEndpoint::SignIn, client("2.2.2.2")).is_ok());
        assert!(limits.check(LimitedEndpoint::Redeem, client("1.1.1.1")).is_ok());
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:1"));
    }
}
