import { strings } from "@/shared/strings";
import { ChevronDownIcon } from "@/shared/ui/icons";
import { Menu, MenuChoice, MenuItem } from "@/shared/ui/menu";

interface Props {
  model: string | undefined;
  options: string[];
  failed: boolean;
  onChoose: (model: string) => void;
}

export function ModelPicker({ model, options, failed, onChoose }: Props) {
  const name = model ?? strings.composer.model;
  return (
    <Menu
      side="top"
      trigger={
        <button
          type="button"
          aria-label={`${strings.composer.model}: ${name}`}
          className="inline-flex h-8 min-w-0 items-center gap-1 rounded-full px-3 text-13 text-soft transition hover:bg-bubble hover:text-text pointer-coarse:h-11"
        >
          <span className="truncate">{name}</span>
          <ChevronDownIcon />
        </button>
      }
    >
      {failed ? (
        <MenuItem disabled>{strings.composer.modelsFailed}</MenuItem>
      ) : (
        <MenuChoice value={model} options={options} onChange={onChoose} />
      )}
    </Menu>
  );
}
