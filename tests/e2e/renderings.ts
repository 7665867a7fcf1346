import { join } from "node:path";
import type { Page } from "@playwright/test";

export const FOLDER = join(__dirname, "../.shots");

/** One way to look at a page that is in some state already. */
interface Rendering {
  width: number;
  height: number;
  media?: Parameters<Page["emulateMedia"]>[0];
  /** The whole page for a language that runs from right to left. */
  isRtl?: boolean;
  /** Text twice as large. */
  isLarge?: boolean;
}

type Device = "desktop" | "phone";

const desktop = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };
const plain: Record<Device, Rendering> = { desktop, phone };

/** What one state is shown as, by device: touch is the only thing that a page cannot be given afterwards. */
export const renderings: Record<Device, Record<string, Rendering>> = {
  desktop: {
    light: desktop,
    dark: { ...desktop, media: { colorScheme: "dark" } },
    contrast: { ...desktop, media: { contrast: "more" } },
    forced: { ...desktop, media: { forcedColors: "active", colorScheme: "dark" } },
    rtl: { ...desktop, isRtl: true },
    "text-200": { ...desktop, isLarge: true },
    "3840": { width: 3840, height: 1600 },
  },
  phone: {
    light: phone,
    dark: { ...phone, media: { colorScheme: "dark" } },
    "320": { width: 320, height: 568 },
    "text-200": { ...phone, isLarge: true },
  },
};

const PLAIN = { colorScheme: "light", contrast: null, forcedColors: null } as const;

/** Photographs a state in every rendering of the device, and leaves the page as it was. */
export async function shoot(page: Page, device: Device, state: string) {
  const show = async ({ width, height, media, isRtl = false, isLarge = false }: Rendering) => {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ ...PLAIN, reducedMotion: "reduce", ...media });
    await page.evaluate(
      async ([dir, size]) => {
        document.documentElement.dir = dir;
        document.documentElement.style.fontSize = size;
        await document.fonts.ready;
        for (let frames = 0; frames < 4; frames++) await new Promise(requestAnimationFrame);
        // Colours fade into those of the next rendering.
        for (const animation of document.getAnimations())
          if (animation instanceof CSSTransition) animation.finish();
      },
      [isRtl ? "rtl" : "ltr", isLarge ? "200%" : ""] as const,
    );
  };
  for (const [name, rendering] of Object.entries(renderings[device])) {
    await show(rendering);
    await page.screenshot({ path: join(FOLDER, `${device}-${name}`, `${state}.png`) });
  }
  await show(plain[device]);
}
