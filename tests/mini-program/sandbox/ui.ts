/** The rest of an API object, that apps and frameworks expect: what the device is, what it shows. */
import type { Pages } from './pages.ts';
import type { Realm } from './realm.ts';
import type { CallbackOptions } from './sockets.ts';

export interface UiCall {
  name: string;
  options: Record<string, unknown>;
}

const SHOWING = [
  'showToast',
  'hideToast',
  'showLoading',
  'hideLoading',
  'setNavigationBarTitle',
  'setNavigationBar',
  'pageScrollTo',
  'stopPullDownRefresh',
  'vibrateShort',
  'setTabBarBadge',
  'removeTabBarBadge',
];

/** @param shown takes note of what was shown */
export function makeUi(realm: Realm, pages: Pages, shown: UiCall[]): Record<string, unknown> {
  const succeed = (options: CallbackOptions | undefined, value: object = {}) => {
    const result = { errMsg: 'ok', ...value };
    realm.post(options?.success, result);
    realm.post(options?.complete, result);
  };
  const show =
    (name: string) =>
    (options: Record<string, unknown> = {}) => {
      shown.push({ name, options });
      succeed(options);
    };
  const go = (replaces: () => number) => (options: { url: string } & CallbackOptions) => {
    const { route, query } = placeOf(options.url);
    realm.timers.post(() => {
      pages.open(route, query, replaces());
      succeed(options);
    });
  };
  const system = () => ({ ...SYSTEM });
  const launch = () => ({ path: 'pages/index/index', query: {}, scene: 1001 });
  return {
    ...Object.fromEntries(SHOWING.map((name) => [name, show(name)])),
    /** Confirmed, always. */
    showModal: (options: Record<string, unknown> = {}) => {
      shown.push({ name: 'showModal', options });
      succeed(options, { confirm: true, cancel: false });
    },
    navigateTo: go(() => 0),
    redirectTo: go(() => 1),
    reLaunch: go(() => pages.depth),
    switchTab: go(() => pages.depth),
    navigateBack: (options: { delta?: number } & CallbackOptions = {}) => {
      realm.timers.post(() => {
        pages.back(options.delta ?? 1);
        succeed(options);
      });
    },
    getSystemInfoSync: system,
    getSystemInfo: (options: CallbackOptions) => {
      succeed(options, system());
    },
    getWindowInfo: system,
    getDeviceInfo: system,
    getAppBaseInfo: system,
    getSystemSetting: () => ({}),
    getAppAuthorizeSetting: () => ({}),
    getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0', envVersion: 'develop' } }),
    getAppIdSync: () => ({ appId: '0' }),
    getMenuButtonBoundingClientRect: () => ({ top: 26, bottom: 58, left: 281, right: 368 }),
    getLaunchOptionsSync: launch,
    getEnterOptionsSync: launch,
    canIUse: () => true,
    nextTick: (callback: unknown) => {
      realm.post(callback);
    },
    getUpdateManager: () => ({ onUpdateReady: () => undefined }),
    SDKVersion: SYSTEM.SDKVersion,
    env: { USER_DATA_PATH: 'sandbox://usr' },
  };
}

const SYSTEM = {
  brand: 'sandbox',
  model: 'sandbox',
  pixelRatio: 2,
  screenWidth: 375,
  screenHeight: 667,
  windowWidth: 375,
  windowHeight: 603,
  statusBarHeight: 20,
  language: 'zh_CN',
  version: '8.0.50',
  system: 'iOS 17.0',
  platform: 'ios',
  SDKVersion: '3.4.0',
  safeArea: { top: 20, bottom: 667, left: 0, right: 375, width: 375, height: 647 },
  safeAreaInsets: { top: 20, bottom: 0, left: 0, right: 0 },
};

function placeOf(url: string): { route: string; query: Record<string, string> } {
  const [route = '', search = ''] = url.split('?');
  return { route, query: Object.fromEntries(new URLSearchParams(search)) };
}
