import { changeSettings, type Settings, useSettings } from "@/shared/settings";
import { strings } from "@/shared/strings";

/** What a reader can choose for this browser; each choice counts at once. */
export function SettingsForm() {
  const { theme, sendKey } = useSettings();
  return (
    <section className="grid gap-4">
      <Choice
        name="theme"
        label={strings.settings.theme}
        value={theme}
        options={strings.settings.themes}
        onChange={(value) => changeSettings({ theme: value })}
      />
      <Choice
        name="send-key"
        label={strings.settings.sendKey}
        value={sendKey}
        options={strings.settings.sendKeys}
        onChange={(value) => changeSettings({ sendKey: value })}
      />
    </section>
  );
}

interface Props<Value extends Settings["theme" | "sendKey"]> {
  name: string;
  label: string;
  value: Value;
  options: Readonly<Record<Value, string>>;
  onChange: (value: Value) => void;
}

function Choice<Value extends Settings["theme" | "sendKey"]>(props: Props<Value>) {
  const values = Object.keys(props.options) as Value[];
  return (
    <fieldset className="grid gap-1">
      <legend className="mb-1 font-medium text-14">{props.label}</legend>
      <div className="flex flex-wrap gap-x-6">
        {values.map((value) => (
          <label key={value} className="flex min-h-8 items-center gap-2 pointer-coarse:min-h-11">
            <input
              type="radio"
              name={props.name}
              checked={value === props.value}
              onChange={() => props.onChange(value)}
            />
            {props.options[value]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
