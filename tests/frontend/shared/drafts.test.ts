import { expect, it } from "vitest";
import { clearDrafts, readDraft, writeDraft } from "@/shared/drafts";

it.each(["ada.new", "ada.b", 'ada"', "ad"])(
  "forgets one person's drafts, and none of %s, whose name is like it",
  async (other) => {
    writeDraft("ada", "new", { text: "Of Ada" });
    writeDraft(other, "new", { text: "Of another" });
    await clearDrafts("ada");
    expect(readDraft("ada", "new").text).toBe("");
    expect(readDraft(other, "new").text).toBe("Of another");
  },
);
