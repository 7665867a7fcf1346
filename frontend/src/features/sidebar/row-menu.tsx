import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { exportAddress } from "@/shared/api/chats";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import {
  DownloadIcon,
  ListIcon,
  MoreIcon,
  NoteIcon,
  PencilIcon,
  SearchIcon,
  TrashIcon,
} from "@/shared/ui/icons";
import { Menu, MenuDownload, MenuItem } from "@/shared/ui/menu";

interface Props {
  chatId: string;
  title: string;
  onRename: () => void;
  onInstruct: () => void;
  onDelete: () => void;
}

export function RowMenu({ chatId, title, onRename, onInstruct, onDelete }: Props) {
  // What was chosen takes the focus itself; giving it back to the button would take it away again.
  const chosen = useRef(false);
  const navigate = useNavigate();
  const params = { chatId };
  const find = () => void navigate({ to: "/chats/$chatId", params, search: { find: true } });
  const read = () => void navigate({ to: "/chats/$chatId/read", params });
  const choose = (act: () => void) => () => {
    chosen.current = true;
    act();
  };
  return (
    <Menu
      trigger={
        <IconButton
          label={strings.sidebar.actions(title)}
          icon={<MoreIcon />}
          className="absolute end-0.5 opacity-0 focus-visible:opacity-100 group-hover:opacity-100 data-[state=open]:opacity-100 pointer-coarse:opacity-100"
        />
      }
      onCloseAutoFocus={(event) => {
        if (chosen.current) event.preventDefault();
        chosen.current = false;
      }}
    >
      <MenuItem icon={<PencilIcon />} onSelect={choose(onRename)}>
        {strings.sidebar.rename}
      </MenuItem>
      <MenuItem icon={<NoteIcon />} onSelect={choose(onInstruct)}>
        {strings.sidebar.instructions}
      </MenuItem>
      <MenuItem icon={<SearchIcon />} onSelect={choose(find)}>
        {strings.find.open}
      </MenuItem>
      <MenuItem icon={<ListIcon />} onSelect={choose(read)}>
        {strings.reading.open}
      </MenuItem>
      <MenuDownload icon={<DownloadIcon />} href={exportAddress(chatId, "markdown")}>
        {strings.sidebar.saveMarkdown}
      </MenuDownload>
      <MenuDownload icon={<DownloadIcon />} href={exportAddress(chatId, "json")}>
        {strings.sidebar.saveJson}
      </MenuDownload>
      <MenuItem icon={<TrashIcon />} danger onSelect={choose(onDelete)}>
        {strings.sidebar.delete}
      </MenuItem>
    </Menu>
  );
}
