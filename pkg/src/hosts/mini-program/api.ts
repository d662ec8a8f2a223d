/** What the API objects `wx`, `my` and `uni` have in common, as far as it is used here. */

export interface Callbacks<T = unknown> {
  success?: (value: T) => void;
  fail?: (failure: unknown) => void;
}

/** A method that takes one object, with the callbacks in it. */
export type Method<Params, Value> = (options: Params & Callbacks<Value>) => unknown;

export interface NetworkStatus {
  /** Told by changes, not by `getNetworkType`. */
  isConnected?: boolean;
  /** `none` or `NOTREACHABLE` if there is none; else `wifi`, `4g` and the like. */
  networkType?: string;
}

type Listener<T> = (listener: (event: T) => void) => void;

export interface MiniProgramApi {
  connectSocket: Method<{ url: string; multiple?: boolean }, unknown>;

  request?: Method<HttpCall, HttpResponse>;

  getStorage: Method<{ key: string }, { data?: unknown }>;
  setStorage: Method<{ key: string; data: string }, unknown>;
  removeStorage: Method<{ key: string }, unknown>;
  getStorageInfo: Method<object, { keys?: string[] }>;

  getNetworkType?: Method<object, NetworkStatus>;
  onNetworkStatusChange?: Listener<NetworkStatus>;
  offNetworkStatusChange?: Listener<NetworkStatus>;

  onAppShow?: Listener<unknown>;
  offAppShow?: Listener<unknown>;
  onAppHide?: Listener<unknown>;
  offAppHide?: Listener<unknown>;

  getRandomValues?: Method<{ length: number }, { randomValues?: ArrayBuffer }>;
}

export interface HttpCall {
  url: string;
  method: 'POST';
  data: ArrayBuffer;
  /** In WeChat and uni-app. */
  header: Record<string, string>;
  /** In Alipay. */
  headers: Record<string, string>;
  /** In WeChat and uni-app. */
  responseType: 'arraybuffer';
  /** In Alipay; elsewhere it keeps from looking for JSON. */
  dataType: 'arraybuffer';
}

export interface HttpResponse {
  /** In WeChat and uni-app. */
  statusCode?: number;
  /** In Alipay. */
  status?: number;
  data?: unknown;
}

/** One WebSocket. Every listener is registered once. */
export interface SocketTask {
  onOpen(listener: () => void): void;
  onMessage(listener: (message: ReceivedMessage) => void): void;
  onError(listener: (error: unknown) => void): void;
  onClose(listener: (event?: { code?: number }) => void): void;
  send(options: SentMessage & Callbacks): void;
  close(options: { code?: number; reason?: string } & Callbacks): void;
}

/** Alipay puts it all into `data` once more, in some of its versions. */
export interface ReceivedMessage {
  data: string | ArrayBuffer | ReceivedMessage;
  /** Whether a text in `data` is bytes in base64. */
  isBuffer?: boolean;
}

export interface SentMessage {
  data: string | ArrayBuffer;
  isBuffer?: boolean;
}

/** As a promise. */
export function called<Params extends object, Value>(
  method: Method<Params, Value>,
  params: Params,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    method({
      ...params,
      success: (value) => {
        // Alipay calls some failures a success.
        if (errorNumberOf(value)) reject(failureOf(value));
        else resolve(value);
      },
      fail: (failure) => {
        reject(failureOf(failure));
      },
    });
  });
}

/** Theirs are plain objects, with the text under one of several names. */
export function failureOf(failure: unknown): Error {
  if (failure instanceof Error) return failure;
  const { errMsg, errorMessage, message } = Object(failure) as Record<string, unknown>;
  const texts = [errMsg, errorMessage, message].filter((text) => typeof text === 'string');
  return new Error(texts[0] ?? JSON.stringify(failure));
}

const errorNumberOf = (value: unknown): unknown => (Object(value) as { error?: unknown }).error;
