// What the relay's API speaks of, as its JSON has it. Times are microseconds since 1970.

export const STATES = ['draft', 'staged', 'published', 'stopped', 'expired', 'recalled'] as const;

/** Where a broadcast is in its life. */
export type BroadcastState = (typeof STATES)[number];

export interface Content {
  kind: string;
  title: string;
  body: string;
}

/** Who is shown a broadcast, and when. What is absent asks for nothing. */
export interface Audience {
  starts_us?: number;
  expires_us?: number;
  app_version_min?: string;
  app_version_max?: string;
  hosts?: string[];
  members_only?: boolean;
  segments?: string[];
  allow_list_only?: boolean;
}

/** Who of the audience is shown it while it is tried out. */
export interface Staging {
  allow_list: boolean;
  percent: number;
}

/** Telling the users who are connected. */
export interface Wave {
  starts_us: number;
  window_ms: number;
}

/** What an operator writes. */
export interface Draft {
  content: Content;
  audience: Audience;
  every_device: boolean;
}

export interface Broadcast extends Draft {
  id: number;
  state: BroadcastState;
  /** Raised by whatever is done to it. */
  revision: number;
  /** Raised by a change of the content, once anyone was shown it. */
  version: number;
  staging: Staging;
  wave?: Wave;
  pub_seq?: number;
  created_us: number;
  changed_us: number;
  published_us?: number;
}

/** One line of the history. */
export interface AuditLine {
  id: number;
  /** None for the allow-list. */
  broadcast?: number;
  operator: string;
  at_us: number;
  /** `create`, `edit`, `stage` … */
  action: string;
  revision: number;
  pub_seq?: number;
  details: unknown;
}

/** A user as whom a broadcast is looked at. */
export interface Viewer {
  attributes: Record<string, string>;
}

/** A field that would be refused, by its path, and why. */
export interface Problem {
  field: string;
  message: string;
}

export interface Preview {
  title: string;
  body: string;
  problems: Problem[];
}

/** Distinct users of one hour and host. */
export interface ReachHour {
  hour_us: number;
  host: string;
  handed: number;
  opened: number;
}

/** Distinct users; estimates, with their relative errors. */
export interface Reach {
  handed: number;
  opened: number;
  error: number;
  hours_error: number;
  hours: ReachHour[];
}

/** How far the newest wave is; counted in devices. */
export interface Progress {
  wave?: Wave;
  connected: number;
  told: number;
  pulled: number;
}
