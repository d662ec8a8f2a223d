//! `token`: signs a token by hand.

use std::io::{Write as _, stdout};

use clap::ArgMatches;
use seqline_protocol::{Micros, UserId};

use super::{Failure, configure, dev_app, keyring};
use crate::{
    account::Account,
    auth::{Identity, Profile},
    cli::{ProfileArgs, TokenArgs},
    clock::{Clock as _, SystemClock},
};

pub(super) fn run(args: TokenArgs, flags: &ArgMatches) -> Result<(), Failure> {
    let config = configure(args.settings, flags)?;
    let app = match (&config.app, config.apps.keys().next()) {
        _ if config.is_dev => dev_app(),
        (Some(app), _) => app.clone(),
        (None, Some(only)) if config.apps.len() == 1 => only.clone(),
        _ => return Err("several apps are configured; say which one with --app".into()),
    };
    let ProfileArgs {
        guest,
        segments,
        attributes,
    } = args.profile;
    let profile = Profile::new(guest, segments, attributes)?;
    let user = UserId::new(args.user).map_err(|error| format!("--user: {error}"))?;
    let expires_s = SystemClock::start().now().wall.get() / 1_000_000 + args.ttl;
    let identity = Identity {
        account: Account { app, user },
        scope: args.scope,
        expires: Micros::saturating(expires_s * 1_000_000),
        profile,
    };
    let token = keyring(&config)?.sign(&identity);
    let missing = || {
        format!(
            "no secret of the app `{}` is configured",
            identity.account.app
        )
    };
    writeln!(stdout(), "{}", token.ok_or_else(missing)?)?;
    Ok(())
}
