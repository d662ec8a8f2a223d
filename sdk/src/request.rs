//! What the app can ask for, as it comes from JavaScript.

use seqline_core::Command;
use seqline_protocol::try_from_cbor;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export type Target = { user: string } | { conv: string };

export type Priority = 'low' | 'normal' | 'high';

export interface Draft {
  client_msg_id: string;
  to: Target;
  kind: string;
  body: string;
  priority: Priority;
  expires_us?: number;
  /** The app's own key, by which a later message can replace this one. */
  key?: string;
  /** Takes the place of this sender's earlier message with the same key. */
  replace?: boolean;
  /** What it is about in the app's business. */
  business?: string;
  /** User ids; `@all` stands for every member. */
  mentions?: string[];
}

/** To `call`, as CBOR. */
export type Request =
  | { send: Draft }
  | { retry: { client_msg_id: string } }
  | { discard: { client_msg_id: string } }
  | { history: { conv: string; before?: number; after?: number; limit?: number } }
  | { conversations: { page?: string; limit?: number } }
  | { read: { conv: string; conv_seq: number } }
  | { recall: { conv: string; conv_seq: number } }
  | { ephemeral: { to: Target; kind: string; body: string; priority?: Priority } }
  /**
   * A method of the relay's API; `params` and what is answered are JSON text. `repeatable`
   * (default false): doing it twice is doing it once, so it is asked again after a lost
   * connection instead of failing with `connection_lost`.
   */
  | { call: { method: string; params: string; repeatable?: boolean } };
"#;

/// The command that a request stands for, or why it is none, for people.
pub(crate) fn parse(request: &[u8]) -> Result<Command, String> {
    try_from_cbor(request).map_err(|reason| {
        reason.unwrap_or_else(|| {
            "a value is of another type than expected, or out of range".to_owned()
        })
    })
}
