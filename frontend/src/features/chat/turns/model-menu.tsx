import { useQuery } from "@tanstack/react-query";
import { modelsQuery } from "@/shared/api/models";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { ChevronDownIcon } from "@/shared/ui/icons";
import { Menu, MenuItem } from "@/shared/ui/menu";

interface Props {
  disabled: boolean;
  onChoose: (model: string) => void;
}

/** The models that may answer once more. */
export function ModelMenu({ disabled, onChoose }: Props) {
  return (
    <Menu
      align="start"
      trigger={
        <IconButton
          label={strings.message.regenerateBy}
          icon={<ChevronDownIcon />}
          disabled={disabled}
          className="-ms-2"
        />
      }
    >
      <Models onChoose={onChoose} />
    </Menu>
  );
}

/** Apart from the menu, so that a closed one asks for nothing. */
function Models({ onChoose }: Pick<Props, "onChoose">) {
  const { data, isError } = useQuery(modelsQuery);
  if (isError) return <MenuItem disabled>{strings.composer.modelsFailed}</MenuItem>;
  if (!data) return <MenuItem disabled>{strings.app.loading}</MenuItem>;
  return data.results.map(({ id }) => (
    <MenuItem key={id} onSelect={() => onChoose(id)}>
      {id}
    </MenuItem>
  ));
}
