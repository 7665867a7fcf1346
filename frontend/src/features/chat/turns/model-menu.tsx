import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { modelsQuery } from "@/shared/api/models";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { ChevronDownIcon } from "@/shared/ui/icons";
import { Menu, MenuItem } from "@/shared/ui/menu";

interface Props {
  isBusy: boolean;
  onChoose: (button: HTMLElement, model: string) => void;
}

/** The models that may answer once more. */
export function ModelMenu({ isBusy, onChoose }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  return (
    <Menu
      align="start"
      trigger={
        <IconButton
          ref={button}
          label={strings.message.regenerateBy}
          icon={<ChevronDownIcon />}
          aria-disabled={isBusy}
          className="-ms-2"
        />
      }
    >
      <Models onChoose={(model) => button.current && onChoose(button.current, model)} />
    </Menu>
  );
}

/** Apart from the menu, so that a closed one asks for nothing. */
function Models({ onChoose }: { onChoose: (model: string) => void }) {
  const { data, isError } = useQuery(modelsQuery);
  if (isError) return <MenuItem disabled>{strings.composer.modelsFailed}</MenuItem>;
  if (!data) return <MenuItem disabled>{strings.app.loading}</MenuItem>;
  return data.results.map(({ id }) => (
    <MenuItem key={id} onSelect={() => onChoose(id)}>
      {id}
    </MenuItem>
  ));
}
